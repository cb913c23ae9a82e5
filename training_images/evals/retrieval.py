# SPDX-License-Identifier: Apache-2.0
"""Was the right document found? Recall and nDCG of ranked documents, by pytrec_eval (TREC's own measures)."""

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Final

import pytrec_eval

from training_images.evals.scoring import record
from training_images.evals.suite import Suite
from training_images.job.errors import ConfigError
from training_images.job.made import Scored

DEPTH: Final = 10
_MEASURES: Final = {"recall_at_1": "recall_1", "recall_at_10": "recall_10", "ndcg": "ndcg_cut_10"}
"""Our names and pytrec_eval's."""
_FALLING: Final = [float(score) for score in range(DEPTH, 0, -1)]


def retrieval(ranked: Mapping[str, Sequence[str]], suite: Suite) -> Scored:
    """The retrieval part's records.

    Args:
        ranked: Ids of documents by the id of the question, the best first; ten are enough.
        suite: The questions and the documents.

    Raises:
        ConfigError: A question was not searched for, or a document is none of the suite's.
    """
    part = suite.parts["retrieval"]
    if missing := {item.id for item in part.items} - ranked.keys():
        raise ConfigError(f"{len(missing)} questions were not searched for, the first is {min(missing)}")
    known = {row.id for row in suite.documents}
    runs = {item.id: _run(ranked[item.id], known) for item in part.items}
    right = {item.id: {item.label: 1} for item in part.items}
    measured = pytrec_eval.RelevanceEvaluator(right, set(_MEASURES.values())).evaluate(runs)
    return Scored(
        suite=part.suite,
        digest=part.digest,
        records=[record(item, _named(measured[item.id])) for item in part.items],
    )


def _named(told: Mapping[str, float]) -> dict[str, float]:
    """What pytrec_eval tells of a question, under our names."""
    return {ours: told[theirs] for ours, theirs in _MEASURES.items()}


def _run(ranked: Sequence[str], known: AbstractSet[str]) -> dict[str, float]:
    """Ranks as scores that fall, so that the order is kept as it was given."""
    run = dict(zip(ranked[:DEPTH], _FALLING, strict=False))
    if not run.keys() <= known:
        strange = next(document for document in ranked if document not in known)
        raise ConfigError(f"{strange!r} is none of the suite's documents")
    if len(run) != min(len(ranked), DEPTH):
        raise ConfigError("a document was ranked twice for the same question; rank each once")
    return run
