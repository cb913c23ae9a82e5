# SPDX-License-Identifier: Apache-2.0
"""Which texts form a pair? A question with the document that answers it, and two utterances that mean the same.

A pair is pushed away from everything else in its batch. So a batch takes whole families of documents, which are hard to
tell apart, and at most one pair of utterances per label, so that nothing is pushed away from an equal meaning.
"""

import random
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from training_images.data.rows import Row
from training_images.job.errors import ConfigError

Pair = tuple[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """One step's pairs of texts: `answered` pairs a question with its document, `alike` two utterances of one label."""

    answered: Sequence[Pair]
    alike: Sequence[Pair]


def batches(
    questions: Sequence[Row],
    documents: Sequence[Row],
    utterances: Sequence[Row],
    *,
    steps: int,
    batch: int,
    seed: int,
    mismatched: float = 0.0,
) -> list[Batch]:
    """The batches of all steps, the same for the same seed.

    Args:
        questions: Questions, each with its document's id as label.
        documents: The documents that answer them.
        utterances: Utterances, with their meaning as label.
        steps: Number of batches.
        batch: Pairs of each sort in a batch; pairs of utterances are limited by the number of labels.
        seed: Seeds every draw.
        mismatched: Share of questions that get a random document.

    Raises:
        ConfigError: A question's document is missing, or there are too few pairs for a batch.
    """
    chance = random.Random(seed)
    answered = _endless(_families(questions, documents, mismatched, chance), batch, chance)
    groups = _by_label(utterances)
    return [Batch(answered=next(answered), alike=_alike(groups, batch, chance)) for _ in range(steps)]


def _families(
    questions: Sequence[Row], documents: Sequence[Row], mismatched: float, chance: random.Random
) -> list[list[Pair]]:
    texts = {row.id: row.text for row in documents}
    unanswered = [row for row in questions if row.label not in texts]
    if unanswered:
        raise ConfigError(
            f"{len(unanswered)} questions have no document that answers them, the first is {unanswered[0].id}"
        )
    families: dict[str, list[Pair]] = defaultdict(list)
    for row in questions:
        right = row.label if chance.random() >= mismatched else chance.choice(documents).id
        families[row.cluster].append((row.text, texts[right]))
    return list(families.values())


def _endless(families: Sequence[Sequence[Pair]], batch: int, chance: random.Random) -> Iterator[list[Pair]]:
    """Batches without end. Every pair is used before one is used again, except those left over that fill no batch."""
    number = sum(map(len, families))
    if not 1 < batch <= number:
        raise ConfigError(
            f"--batch {batch} does not fit: a batch has at least 2 pairs, and there are {number} questions to learn from"
        )
    while True:
        in_order = [pair for family in chance.sample(families, len(families)) for pair in family]
        cuts = [in_order[start : start + batch] for start in range(0, len(in_order) - batch + 1, batch)]
        yield from chance.sample(cuts, len(cuts))


def _by_label(utterances: Sequence[Row]) -> Mapping[str, Sequence[str]]:
    groups: dict[str, list[str]] = defaultdict(list)
    for row in utterances:
        groups[row.label].append(row.text)
    return {label: texts for label, texts in groups.items() if len(texts) > 1}


def _alike(groups: Mapping[str, Sequence[str]], batch: int, chance: random.Random) -> list[Pair]:
    labels = chance.sample(sorted(groups), min(batch, len(groups)))
    text_pairs = (chance.sample(groups[label], 2) for label in labels)
    return [(left, right) for left, right in text_pairs]
