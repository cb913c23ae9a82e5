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
class TrainingData:
    """The training data: questions with the documents that answer them, and labelled utterances, also harmful ones."""

    questions: Sequence[Row]
    documents: Sequence[Row]
    utterances: Sequence[Row]


def read_training_data(data: Path, suite: Suite) -> TrainingData:
    """Read the training data from a folder of prepared data.

    Raises:
        ConfigError: A file cannot be read or is empty, or a row is in the suite, exactly or nearly; the message names
            it.
    """
    training_data = TrainingData(
        questions=folder(data, ARTICLES, "train"),
        documents=read(data / ARTICLES / "documents-train.jsonl"),
        utterances=[row for rows in utterances(data, suite).values() for row in rows],
    )
    data_sets(data)
    for name, rows, items, least in (
        ("questions", training_data.questions, suite.parts["retrieval"].items, LEAST),
        ("documents", training_data.documents, suite.documents, LEAST_LONG),
    ):
        check_data(name, {"train": rows, "test": items}, least=least, most_shift=None)
    _refuse_unanswerable(suite)
    return training_data


def _refuse_unanswerable(suite: Suite) -> None:
    """Refuse a question whose document is missing: no embedder could answer it."""
    document_ids = {row.id for row in suite.documents}
    unanswerable = [item for item in suite.parts["retrieval"].items if item.label not in document_ids]
    if unanswerable:
        raise ConfigError(
            f"{len(unanswerable)} questions of the suite have no document that answers them, the first is "
            f"{unanswerable[0].id}, whose label is {unanswerable[0].label!r}: a question's label is the id of a document"
        )


def data_sets(data: Path) -> list[DataSet]:
    """The data sets that were learned from, for the manifest."""
    return stated(data, (ARTICLES, *SETS))
