# SPDX-License-Identifier: Apache-2.0
"""What can a sentence template of Home Assistant stand for? Draws one sentence at random, with the slots filled in.

The templates' language is hassil's (https://github.com/home-assistant/hassil), and hassil parses it. Its own sampler
lists every sentence in order, so the drawing is done here.
"""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from hassil.expression import (
    Alternative,
    Expression,
    Group,
    ListReference,
    Permutation,
    RuleReference,
    Sentence,
    TextChunk,
)
from hassil.intents import RangeSlotList, TextSlotList
from hassil.util import normalize_whitespace

from training_images.job.errors import ConfigError


@dataclass(frozen=True, slots=True, kw_only=True)
class Grammar:
    """What templates refer to: rules, lists, and values for the lists that each home fills in itself."""

    rules: Mapping[str, Sentence]
    lists: Mapping[str, Any]
    values: Mapping[str, Sequence[str]]


def drawn(sentence: Sentence, grammar: Grammar, chance: random.Random) -> str:
    """Draw one sentence that the template can stand for."""
    return normalize_whitespace(_text(sentence.expression, grammar, chance)).strip()


def _text(expression: Expression, grammar: Grammar, chance: random.Random) -> str:
    match expression:
        case TextChunk():
            return expression.original_text
        case ListReference():
            return _slot(expression.list_name, grammar, chance)
        case RuleReference():
            return _text(grammar.rules[expression.rule_name].expression, grammar, chance)
        case Alternative():
            return _text(chance.choice(expression.items), grammar, chance)
        case Permutation():
            return "".join(
                _text(item, grammar, chance) for item in chance.sample(expression.items, len(expression.items))
            )
        case Group():
            return "".join(_text(item, grammar, chance) for item in expression.items)
        case _:
            raise ConfigError(
                f"a template contains {type(expression).__name__}, "
                "which this code does not know; use the pinned version of hassil"
            )


def _slot(name: str, grammar: Grammar, chance: random.Random) -> str:
    values = grammar.values.get(name)
    if values is not None:
        return chance.choice(values)
    match grammar.lists.get(name):
        case RangeSlotList() as numbers:
            return str(chance.choice(range(int(numbers.start), int(numbers.stop) + 1, max(1, int(numbers.step)))))
        case TextSlotList() as texts:
            return _text(chance.choice(texts.values).text_in, grammar, chance)
        case _:
            raise ConfigError(f"nothing fills the slot {name}; give values for it in slots.json")
