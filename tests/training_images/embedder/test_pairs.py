# SPDX-License-Identifier: Apache-2.0
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from training_images.data.rows import Row
from training_images.embedder.pairs import batches
from training_images.job.errors import ConfigError


def _row(name: str, label: str, cluster: str = "family") -> Row:
    return Row(id=name, text=f"text of {name}", label=label, cluster=cluster, category="any")


QUESTIONS = [_row(f"q{number}", f"d{number}", f"family-{number // 4}") for number in range(20)]
DOCUMENTS = [_row(f"d{number}", f"d{number}") for number in range(20)]
UTTERANCES = [_row(f"{label}{number}", label) for label in "abc" for number in range(3)]


@given(seed=st.integers(0, 2**32), batch=st.integers(2, 20))
def test_every_question_is_paired_with_its_own_document(seed: int, batch: int) -> None:
    for result in batches(QUESTIONS, DOCUMENTS, UTTERANCES, steps=4, batch=batch, seed=seed):
        assert len(result.answered) == batch
        assert all(left.replace(" q", " d") == right for left, right in result.answered)


@given(seed=st.integers(0, 2**32), batch=st.integers(2, 10))
def test_two_utterances_of_a_pair_mean_the_same_and_no_label_is_twice_in_a_batch(seed: int, batch: int) -> None:
    for result in batches(QUESTIONS, DOCUMENTS, UTTERANCES, steps=3, batch=batch, seed=seed):
        labels = [left.removeprefix("text of ")[0] for left, _ in result.alike]
        assert labels == [right.removeprefix("text of ")[0] for _, right in result.alike]
        assert len(set(labels)) == len(labels)
        assert all(left != right for left, right in result.alike)


def test_no_question_is_learned_twice_before_all_batches_were_seen() -> None:
    result = batches(QUESTIONS, DOCUMENTS, UTTERANCES, steps=5, batch=4, seed=3)
    seen = Counter(left for batch in result for left, _ in batch.answered)
    assert seen == Counter(row.text for row in QUESTIONS)


def test_a_batch_holds_whole_families_where_they_fit() -> None:
    by_text = {row.text: row.cluster for row in QUESTIONS}
    result = batches(QUESTIONS, DOCUMENTS, UTTERANCES, steps=5, batch=4, seed=3)
    assert all(len({by_text[left] for left, _ in batch.answered}) == 1 for batch in result)


def test_the_same_seed_draws_the_same_batches_and_another_one_does_not() -> None:
    first, again, other = (batches(QUESTIONS, DOCUMENTS, UTTERANCES, steps=3, batch=6, seed=seed) for seed in (1, 1, 2))
    assert first == again
    assert first != other


def test_mismatched_questions_get_the_documents_of_others() -> None:
    result = batches(QUESTIONS, DOCUMENTS, UTTERANCES, steps=5, batch=4, seed=1, mismatched=1.0)
    own = sum(left.replace(" q", " d") == right for batch in result for left, right in batch.answered)
    assert own < 5


def test_a_label_with_one_utterance_makes_no_pair() -> None:
    result = batches(QUESTIONS, DOCUMENTS, [*UTTERANCES, _row("z1", "z")], steps=4, batch=10, seed=1)
    assert all("z1" not in left + right for batch in result for left, right in batch.alike)


def test_a_question_whose_document_is_missing_is_named() -> None:
    with pytest.raises(ConfigError, match="1 questions have no document that answers them, the first is q0"):
        batches(QUESTIONS, DOCUMENTS[1:], UTTERANCES, steps=1, batch=4, seed=1)


def test_a_batch_larger_than_the_data_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"--batch 21 does not fit: .* there are 20 questions"):
        batches(QUESTIONS, DOCUMENTS, UTTERANCES, steps=1, batch=21, seed=1)
