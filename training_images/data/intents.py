# SPDX-License-Identifier: Apache-2.0
"""What do people say to their home, and which of 42 intents do they mean? Drawn from Home Assistant's templates."""

import json
import random
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from importlib import resources
from typing import Any, Final

from hassil.intents import IntentData, Intents

from training_images.data.near import distinct, normalised, without
from training_images.data.rows import Row, Split, short
from training_images.data.splits import Shares, by_label
from training_images.data.templates import Grammar, drawn

MEMBER: Final = "home_assistant_intents/data/en.json"
LICENCE: Final = "Apache-2.0 (home-assistant-intents)"
SHARES: Final = Shares(val=0.08, test=0.45)
DRAWS: Final[Mapping[Split, int]] = {"train": 24, "val": 4, "test": 8}
"""Sentences drawn from each template: few on the held-out sides, where many templates matter, and many for training."""
_ANY_DOMAIN: Final = ("light", "switch", "fan", "media_player")
_LONGEST: Final = 160


def expanded(content: bytes, draws: int, seed: str) -> Iterator[Row]:
    """Up to `draws` distinct utterances of every template; what is drawn from one does not depend on the others.

    Args:
        content: `en.json` of home-assistant-intents.
        draws: Most sentences to draw from a template.
        seed: Seeds the draws.
    """
    intents = Intents.from_dict(json.loads(content))
    for intent, templates in intents.intents.items():
        for data in templates.data:
            grammar = _grammar(intents, data)
            for text, sentence in zip(data.sentence_texts, data.sentences, strict=True):
                template = f"{intent}-{short(text, *_domains(data))}"
                chance = random.Random(f"{seed}:{template}")
                utterances = dict.fromkeys(drawn(sentence, grammar, chance) for _ in range(draws))
                for utterance in utterances:
                    if utterance and len(utterance) <= _LONGEST:
                        yield _row(utterance, intent, template)


def split(content: bytes, seed: str = "intents-1") -> dict[Split, list[Row]]:
    """Utterances by side. Each template is on one side; training utterances that resemble held-out ones are dropped."""
    rows = unambiguous(list(expanded(content, max(DRAWS.values()), seed)))
    assigned = by_label({row.cluster: row.label for row in rows}, SHARES)
    by_side: dict[Split, list[Row]] = {
        side: _at_most([row for row in rows if assigned[row.cluster] == side], DRAWS[side]) for side in DRAWS
    }
    val = without(by_side["val"], by_side["test"])
    return {"train": without(by_side["train"], [*by_side["test"], *val]), "val": val, "test": by_side["test"]}


def unambiguous(rows: Sequence[Row]) -> list[Row]:
    """The rows without duplicates, and without texts that have more than one intent."""
    labels: dict[str, set[str]] = defaultdict(set)
    for row in rows:
        labels[normalised(row.text)].add(row.label)
    return distinct(row for row in rows if len(labels[normalised(row.text)]) == 1)


def _at_most(rows: Sequence[Row], number: int) -> list[Row]:
    counts: Counter[str] = Counter()
    first_rows = []
    for row in rows:
        counts[row.cluster] += 1
        if counts[row.cluster] <= number:
            first_rows.append(row)
    return first_rows


def _row(text: str, intent: str, template: str) -> Row:
    return Row(id=f"intents-{short(template, text)}", text=text, label=intent, cluster=template, category=intent)


def _grammar(intents: Intents, data: IntentData) -> Grammar:
    values: dict[str, Sequence[str]] = dict(_values())
    values["name"] = [name for domain in _domains(data) for name in values.get(domain, ())]
    return Grammar(
        rules={**intents.expansion_rules, **data.expansion_rules},
        lists={**intents.slot_lists, **data.slot_lists},
        values=values,
    )


def _domains(data: IntentData) -> Sequence[str]:
    """The domains to which a name in these templates can belong."""
    for source in (data.requires_context, data.slots):
        domain: Any = source.get("domain")
        if domain:
            return [domain] if isinstance(domain, str) else list(domain)
    return _ANY_DOMAIN


@cache
def _values() -> Mapping[str, Sequence[str]]:
    values: Mapping[str, Sequence[str]] = json.loads(
        resources.files(__package__).joinpath("slots.json").read_text("utf-8")
    )
    return values
