# SPDX-License-Identifier: Apache-2.0
"""What does an embedder learn from, and is none of it in the eval suite?"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from training_images.data.near import LEAST, LEAST_LONG
from training_images.data.rows import Row, folder, read
from training_images.evals.leaks import check_data
from training_images.evals.suite import Suite
from training_images.evals.training_sets import SETS, stated, utterances
from training_images.job.errors import ConfigError
from training_images.job.result import DataSet

ARTICLES: Final = "articles"


@dataclass(frozen=True, slots=True, kw_only=True)
class Learned:
    """The training data: questions with the documents that answer them, and labelled utterances, also harmful ones."""

    questions: Sequence[Row]
    documents: Sequence[Row]
    utterances: Sequence[Row]


def learned(data: Path, asked: Suite) -> Learned:
    """Read the training data from a folder of prepared data.

    Raises:
        ConfigError: A file cannot be read or is empty, or a row is in the suite, exactly or nearly; the message names
            it.
    """
    found = Learned(
        questions=folder(data, ARTICLES, "train"),
        documents=read(data / ARTICLES / "documents-train.jsonl"),
        utterances=[row for rows in utterances(data, asked).values() for row in rows],
    )
    data_sets(data)
    for name, rows, items, least in (
        ("questions", found.questions, asked.parts["retrieval"].items, LEAST),
        ("documents", found.documents, asked.documents, LEAST_LONG),
    ):
        check_data(name, {"train": rows, "test": items}, least=least, most_shift=None)
    _refuse_unanswerable(asked)
    return found


def _refuse_unanswerable(asked: Suite) -> None:
    """Refuse a question whose document is missing: whatever is learned, it could never be answered."""
    known = {row.id for row in asked.documents}
    lost = [item for item in asked.parts["retrieval"].items if item.label not in known]
    if lost:
        raise ConfigError(
            f"{len(lost)} questions of the suite are answered by none of its documents, the first is {lost[0].id}, whose "
            f"label is {lost[0].label!r}: a question's label is the id of a document"
        )


def data_sets(data: Path) -> list[DataSet]:
    """The data sets that were learned from, for the manifest."""
    return stated(data, (ARTICLES, *SETS))
