# SPDX-License-Identifier: Apache-2.0
"""How do people wrap a request so that it is not refused? PyRIT's jailbreak templates; each template is on one side."""

import re
from collections.abc import Iterator, Sequence
from typing import Any, Final

import yaml

from training_images.data.harmful import REFUSE
from training_images.data.near import LEAST_LONG, distinct, without
from training_images.data.rows import Row, Split, short
from training_images.data.splits import Shares, place, split
from training_images.data.wheels import Wheel

LICENCE: Final = "MIT (PyRIT; templates as published by their authors); read from the wheel, not redistributed"
SHARES: Final = Shares(val=0.08, test=0.5)
LONGEST: Final = 1000
"""Most characters of a template: the model that labels the text reads a few hundred tokens."""
_TEMPLATES: Final = r"pyrit/datasets/jailbreak/templates/(?!multi_parameter).*\.yaml$"
_SLOT: Final = re.compile(r"\{\{\s*prompt\s*\}\}")
_A_TEMPLATE: Final = 4
"""Number of prompts that are put into each template."""


def split_templates(pyrit: Wheel) -> dict[Split, list[Row]]:
    """Templates by side. A row's text still contains `{{ prompt }}`, and its cluster is its own id."""
    by_side: dict[Split, list[Row]] = {"train": [], "val": [], "test": []}
    for row in distinct(_templates(pyrit)):
        by_side[split(row.cluster, SHARES)].append(row)
    val = without(by_side["val"], by_side["test"], LEAST_LONG)
    return {
        "train": without(by_side["train"], [*by_side["test"], *val], LEAST_LONG),
        "val": val,
        "test": by_side["test"],
    }


def wrapped(templates: Sequence[Row], prompts: Sequence[Row], each: int = _A_TEMPLATE) -> list[Row]:
    """Prompts inside templates, `each` per template, chosen by a hash. Clusters are templates; all must be refused."""
    rows = []
    for template in templates:
        chosen = sorted(prompts, key=lambda prompt: place(f"{template.id}+{prompt.id}"))[:each]
        rows += [_wrapped(template, prompt) for prompt in chosen]
    return rows


def _wrapped(template: Row, prompt: Row) -> Row:
    return Row(
        id=f"jail-{short(template.id, prompt.id)}",
        text=_SLOT.sub(lambda _: prompt.text, template.text),
        label=REFUSE,
        cluster=template.id,
        category=prompt.category,
    )


def _templates(pyrit: Wheel) -> Iterator[Row]:
    for name, content in pyrit.members(_TEMPLATES):
        document: dict[str, Any] = list(yaml.load_all(content, Loader=yaml.CSafeLoader))[-1]
        text = " ".join(document["value"].split())
        if len(text) <= LONGEST and _SLOT.search(text):
            template = f"template-{short('jail', text)}"
            source = name.split("/")[-2]
            yield Row(id=template, text=text, label=REFUSE, cluster=template, category=source)
