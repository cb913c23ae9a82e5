# SPDX-License-Identifier: Apache-2.0
"""Which answers exist, and which single word stands for each? 42 intents and `refuse`.

A language model answers with the word whose token is likeliest after "Intent:". Every word, with the space before it,
is one token of SmolLM2's tokenizer, and no two words share a token.
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
    """The prompt for a language model; the answer is the word that follows, with a space before it."""
    return f"Utterance: {text}\nIntent:"


def continuation(label: str) -> str:
    """The text that follows the prompt if this label is right."""
    return f" {WORDS[label]}"
