# SPDX-License-Identifier: Apache-2.0
"""Was the right document found? Recall and nDCG of ranked documents, by pytrec_eval (TREC's own measures)."""

from collections.abc import Mapping, Sequence
from itertools import chain, repeat
from typing import Final

import pytrec_eval

from training_images.evals.scoring import record
from training_images.evals.suite import Suite
from training_images.job.errors import ConfigError
from training_images.job.result import Scored

DEPTH: Final = 10
_MEASURES: Final = frozenset({"recall_1", "recall_10", "ndcg_cut_10"})
_FALLING: Final = [float(score) for score in range(DEPTH, 0, -1)]
"""Scores that fall with the rank, so that the given order is kept."""


def retrieval(ranked: Mapping[str, Sequence[str]], suite: Suite) -> Scored:
    """Score the retrieval part.

    Args:
        ranked: Ids of documents by the question's id, the best first; ten are enough.
        suite: The suite with the questions and the documents.

    Raises:
        ConfigError: A question has no ranking, or a document is not in the suite.
    """
    part = suite.parts["retrieval"]
    if missing := {item.id for item in part.items} - ranked.keys():
        raise ConfigError(f"{len(missing)} questions were not searched for, the first is {min(missing)}")
    runs = {item.id: dict(zip(ranked[item.id], _FALLING, strict=False)) for item in part.items}
    _refuse_strange(ranked, runs, suite)
    right = {item.id: {item.label: 1} for item in part.items}
    measures = pytrec_eval.RelevanceEvaluator(right, _MEASURES).evaluate(runs)
    return Scored(
        suite=part.suite,
        digest=part.digest,
        records=[record(item, _named(measures[item.id])) for item in part.items],
    )


def _named(measures: Mapping[str, float]) -> dict[str, float]:
    """The measures of pytrec_eval for one question, under our names."""
    return {"recall_at_1": measures["recall_1"], "recall_at_10": measures["recall_10"], "ndcg": measures["ndcg_cut_10"]}


def _refuse_strange(ranked: Mapping[str, Sequence[str]], runs: Mapping[str, Mapping[str, float]], suite: Suite) -> None:
    """Refuse a document that is not in the suite, or that a question ranks twice."""
    document_ids = {row.id for row in suite.documents}
    if not document_ids.issuperset(chain.from_iterable(runs.values())):
        raise ConfigError(f"{min(set().union(*runs.values()) - document_ids)!r} is not one of the suite's documents")
    depths = map(min, map(len, map(ranked.__getitem__, runs)), repeat(DEPTH))
    if sum(map(len, runs.values())) != sum(depths):
        raise ConfigError("a document was ranked twice for the same question; rank each once")
