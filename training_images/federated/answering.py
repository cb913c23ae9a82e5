# SPDX-License-Identifier: Apache-2.0
"""How does a consortium's model answer one request, and which requests does it refuse?

A request is a JSON object that gives every column of the table once, in the column's own units: a number within its
public bounds, one of its words, or null if it may be missing. The unit's contract states all of that (`bounds`), so
a server of the unit needs only the contract and the weights to refuse the same requests. There is no other way to reach
the weights.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, NoReturn

import numpy as np

from federation.core import strict_json
from federation.core.number_text import decimal_text
from federation.errors import ContractError
from training_images.federated.model import Scale, Vector, probability
from training_images.federated.sources import Column, encoded
from training_images.job.errors import ConfigError

_MOST: Final = 65_536
"""Most bytes of a request; the widest table here needs 400."""


class UnanswerableError(Exception):
    """The request is not one that this model answers; the message says what is wrong with it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ValidatingModel:
    """A model that answers only valid requests.

    Args:
        weights: One weight per input, then the intercept.
        scale: The scale that standardises the inputs.
        inputs: The model's predictors, in order.
        columns: The columns that a request gives, and their bounds.
    """

    weights: Vector
    scale: Scale
    inputs: tuple[str, ...]
    columns: tuple[Column, ...]

    def answer(self, text: str) -> float:
        """The probability of the outcome; for a valid request, any number that the weights produce.

        Raises:
            UnanswerableError: The request is not valid.
        """
        request = _request(text, self.columns)
        parts = {
            label: values[0] for column in self.columns for label, values in encoded(column, [request[column.name]])
        }
        features = np.array([[parts[name] for name in self.inputs]])
        with np.errstate(over="ignore", invalid="ignore"):
            return float(probability(self.weights, self.scale.applied(features))[0])


def load_model(path: Path, contract: Mapping[str, Any]) -> ValidatingModel:
    """Load the model of a unit's file, with the checks that its contract describes.

    Raises:
        ConfigError: The contract states no bounds, or file and contract do not match.
    """
    from safetensors.numpy import load_file

    inputs, columns = tuple(contract.get("inputs", ())), stated(contract.get("bounds", {}))
    labels = [label for column in columns for label, _ in encoded(column, [_middle(column)])]
    arrays = load_file(path)
    shapes = {name: arrays[name].shape for name in ("weights", "centre", "spread") if name in arrays}
    size = len(inputs)
    if sorted(labels) != sorted(inputs) or shapes != {"weights": (size + 1,), "centre": (size,), "spread": (size,)}:
        raise ConfigError(
            f"{path.name} and its contract do not fit: {size} inputs, bounds for {len(labels)}, arrays {shapes}; "
            "ship the unit again, so that both are of one run"
        )
    scale = Scale(centre=arrays["centre"], spread=arrays["spread"])
    return ValidatingModel(weights=arrays["weights"], scale=scale, inputs=inputs, columns=columns)


def bounds(columns: Sequence[Column]) -> dict[str, dict[str, Any]]:
    """What a request may say, as a contract states it: each column's low and high as decimal text, or its words."""
    return {column.name: _bounds(column) for column in columns}


def stated(stated_bounds: Mapping[str, Any]) -> tuple[Column, ...]:
    """Read the columns of a contract's `bounds`.

    Raises:
        ConfigError: The contract states none, or they cannot be read.
    """
    if not stated_bounds:
        raise ConfigError(
            "the contract states no bounds, so requests outside them could not be refused; ship the unit again"
        )
    try:
        return tuple(
            Column(
                name=name,
                low=float(column_bounds.get("low", 0)),
                high=float(column_bounds.get("high", 1)),
                optional=column_bounds.get("optional", False),
                words=tuple(column_bounds.get("words", ())),
                reference=column_bounds.get("reference", ""),
            )
            for name, column_bounds in stated_bounds.items()
        )
    except (AttributeError, TypeError, ValueError) as error:
        raise ConfigError(f"the contract's bounds cannot be read ({error}); ship the unit again") from error


def _bounds(column: Column) -> dict[str, Any]:
    optional = {"optional": True} if column.optional else {}
    if not column.words:
        return {"low": decimal_text(column.low), "high": decimal_text(column.high), **optional}
    reference = {"reference": column.reference} if column.reference else {}
    return {"words": list(column.words), **reference, **optional}


def _middle(column: Column) -> str:
    return column.words[0] if column.words else repr((column.low + column.high) / 2)


def _request(text: str, columns: Sequence[Column]) -> dict[str, str]:
    """The values of a valid request by column, in the notation of a table."""
    try:
        parsed = strict_json.parse(text.encode("utf-8", "surrogatepass"), what="the request", limit=_MOST)
    except ContractError as error:
        raise UnanswerableError(str(error)) from error
    values = parsed.value
    if not isinstance(values, dict):
        _refuse("it is not a JSON object; give one, with a value for every column")
    if parsed.duplicates:
        _refuse(f"{parsed.duplicates[0]!r:.80} occurs more than once; give it once")
    if surplus := sorted(values.keys() - {column.name for column in columns}):
        _refuse(f"{surplus[0]!r:.80} is not a column; leave it out")
    return {column.name: _value(column, values) for column in columns}


def _value(column: Column, values: Mapping[str, Any]) -> str:
    if column.name not in values:
        _refuse(f"{column.name} is not given; give it{', or null' if column.optional else ''}")
    value = values[column.name]
    if value is None and column.optional:
        return ""
    if column.words:
        words = (*column.words, *([column.reference] if column.reference else []))
        if not (isinstance(value, str) and value in words):
            _refuse(f"{column.name} is one of {', '.join(words)}, not {value!r:.80}")
        return value
    if type(value) not in (int, float):
        _refuse(f"{column.name} is a number, not {value!r:.80}")
    if not column.low <= value <= column.high:
        _refuse(f"{column.name} lies from {column.low:g} to {column.high:g}, not at {value!r:.80}")
    return repr(float(value))


def _refuse(why: str) -> NoReturn:
    raise UnanswerableError(f"this request is not answered: {why}")
