# SPDX-License-Identifier: Apache-2.0
"""Which answers are there, and which single word stands for each? 42 intents and `refuse`.

A model of language answers with the word whose token is likeliest after "Intent:". Every word, with the space before it,
is one token of SmolLM2's tokenizer, and no two are the same.
"""

import json
from collections.abc import Mapping, Sequence
from importlib import resources
from typing import Final

WORDS: Final[Mapping[str, str]] = json.loads(resources.files(__package__).joinpath("labels.json").read_text("utf-8"))
"""The word of each label."""
LABELS: Final[Sequence[str]] = tuple(WORDS)
"""The labels, in the order in which every unit numbers them."""
REFUSE: Final = "refuse"
ALLOW: Final = "allow"


def prompt(text: str) -> str:
    """What a model of language is asked; the answer is the word that follows, with a space before it."""
    return f"Utterance: {text}\nIntent:"


def continuation(label: str) -> str:
    """What follows the prompt where the label is right."""
    return f" {WORDS[label]}"
