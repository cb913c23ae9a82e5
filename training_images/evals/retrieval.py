# SPDX-License-Identifier: Apache-2.0
"""Was the right document found? Recall and nDCG of ranked documents, by pytrec_eval (TREC's own measures)."""

from collections.abc import Mapping, Sequence
from itertools import chain
from typing import Final

import pytrec_eval

from training_images.evals.scoring import record
from training_images.evals.suite import Suite
from training_images.job.errors import ConfigError
from training_images.job.result import EvalResult

DEPTH: Final = 10
_MEASURES: Final = frozenset({"recall_1", "recall_10", "ndcg_cut_10"})


def retrieval(ranked: Mapping[str, Sequence[str]], suite: Suite) -> EvalResult:
    """Score the retrieval part.

    Args:
        ranked: Ids of documents by the question's id, the best first; ten are enough.
        suite: The suite with the questions and the documents.

    Raises:
        ConfigError: A question has no ranking, a document is not in the suite, or a question ranks a document twice.
    """
    part = suite.parts["retrieval"]
    if missing := {item.id for item in part.items} - ranked.keys():
        raise ConfigError(f"{len(missing)} questions were not searched for, the first is {min(missing)}")
    best = [ranked[item.id][:DEPTH] for item in part.items]
    _refuse_strange(best, suite)
    measures = _measures_by_rank()
    return EvalResult(
        suite=part.suite,
        digest=part.digest,
        records=[
            record(item, measures[documents.index(item.label) if item.label in documents else DEPTH])
            for item, documents in zip(part.items, best, strict=True)
        ],
    )


def _measures_by_rank() -> list[dict[str, float]]:
    """What pytrec_eval says of a question whose right document has rank 0, 1, ... 9, and of one where it is not found.

    One document is right for each question, so nothing but its rank matters, and eleven questions stand for all.
    """
    ranks = [str(rank) for rank in range(DEPTH + 1)]
    falling = {rank: float(-int(rank)) for rank in ranks[:DEPTH]}
    measured = pytrec_eval.RelevanceEvaluator({rank: {rank: 1} for rank in ranks}, _MEASURES).evaluate(
        dict.fromkeys(ranks, falling)
    )
    return [_named(measured[rank]) for rank in ranks]


def _named(measures: Mapping[str, float]) -> dict[str, float]:
    """The measures of pytrec_eval for one question, under our names."""
    return {"recall_at_1": measures["recall_1"], "recall_at_10": measures["recall_10"], "ndcg": measures["ndcg_cut_10"]}


def _refuse_strange(best: Sequence[Sequence[str]], suite: Suite) -> None:
    """Refuse a document that is not in the suite, or that a question ranks twice."""
    known = {row.id for row in suite.documents}
    if not known.issuperset(chain.from_iterable(best)):
        raise ConfigError(f"{min(set().union(*best) - known)!r} is not one of the suite's documents")
    if any(len(set(documents)) != len(documents) for documents in best):
        raise ConfigError("a document was ranked twice for the same question; rank each once")
