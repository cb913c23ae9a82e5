# SPDX-License-Identifier: Apache-2.0
"""What does an embedder learn from, and is none of it asked afterwards?"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from training_images.data.near import LEAST, LEAST_LONG
from training_images.data.prepared import about
from training_images.data.rows import Row, folder, read
from training_images.evals.labels import LABELS, REFUSE
from training_images.evals.leaks import check_data, check_rows
from training_images.evals.suite import Suite
from training_images.job.made import DataSet

ARTICLES: Final = "articles"
UTTERANCES: Final = ("intents", "harmful", "jailbreaks")


@dataclass(frozen=True, slots=True, kw_only=True)
class Learned:
    """Questions with the documents that answer them, and utterances with what they mean, by data set."""

    questions: Sequence[Row]
    documents: Sequence[Row]
    intents: Sequence[Row]
    harmful: Sequence[Row]
    jailbreaks: Sequence[Row]

    @property
    def utterances(self) -> list[Row]:
        """All of them, also those that must be refused."""
        return [*self.intents, *self.harmful, *self.jailbreaks]


def read_learned(data: Path) -> Learned:
    """What is learned from, out of a folder of prepared data.

    Raises:
        ConfigError: A file is not there or cannot be read, or holds nothing.
    """
    found = Learned(
        questions=folder(data, ARTICLES, "train"),
        documents=read(data / ARTICLES / "documents-train.jsonl"),
        intents=folder(data, "intents", "train"),
        harmful=folder(data, "harmful", "train"),
        jailbreaks=folder(data, "jailbreaks", "train"),
    )
    for name in ("questions", "documents", *UTTERANCES):
        check_rows(name, getattr(found, name), LABELS if name in UTTERANCES else None)
    return found


def refuse_leaks(learned: Learned, asked: Suite) -> None:
    """Nothing is learned that is asked, or nearly.

    Raises:
        ConfigError: The message names the rows.
    """
    for name, rows, items, least in (
        ("questions", learned.questions, asked.parts["retrieval"].items, LEAST),
        ("documents", learned.documents, asked.documents, LEAST_LONG),
        ("intents", learned.intents, _meant(asked, refused=False), LEAST),
        ("harmful", learned.harmful, _meant(asked, refused=True), LEAST),
        ("jailbreaks", learned.jailbreaks, asked_to_refuse(asked, "adversarial"), LEAST_LONG),
    ):
        check_data(name, {"train": rows, "test": items}, least=least, most_shift=None)


def asked_to_refuse(asked: Suite, part: str) -> list[Row]:
    """The items of a part that must be refused."""
    return [row for row in asked.parts[part].items if row.label == REFUSE]


def data_sets(data: Path) -> list[DataSet]:
    """What was learned from, for the manifest."""
    return [DataSet(name=name, digest=about(data, name).digest) for name in (ARTICLES, *UTTERANCES)]


def _meant(asked: Suite, *, refused: bool) -> list[Row]:
    if refused:
        return asked_to_refuse(asked, "policy")
    return [row for row in asked.parts["policy"].items if row.label != REFUSE]
