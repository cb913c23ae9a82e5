# SPDX-License-Identifier: Apache-2.0
"""What is told of a run when it is over."""

import pytest

from training_images.data_parallel.account import ReplicasDiverged, account, numbers, reproducible_part
from training_images.data_parallel.task import Ledger, Outcome


def ledger(digest="ab", carried=0, tensors=0):
    return Ledger(digest=digest, tensors=tensors, sent=carried, received=carried, microseconds=2_000_000)


def outcome(*ledgers, steps=10):
    return Outcome(model=1000, steps=steps, loss_steps=[0, 9], losses=[2.0, 1.0], ledgers=ledgers)


def test_bytes_are_stated_per_step_next_to_theory():
    totals = account("ring", outcome(ledger(carried=10_050, tensors=10_000), ledger(carried=10_040, tensors=10_000)))
    assert (totals.expected, totals.wire, totals.tensors) == ([2000, 2000], [2010, 2008], [1000, 1000])
    assert numbers(totals)["wire_bytes_a_step"] == 2010
    assert totals.step_ms == 200


def test_replicas_that_are_not_equal_are_no_result():
    with pytest.raises(ReplicasDiverged, match="ab, cd"):
        account("ring", outcome(ledger("ab"), ledger("cd")))


def test_where_the_kernel_does_not_count_nothing_is_claimed():
    totals = account("server", outcome(ledger(carried=-1), ledger(carried=-1)))
    assert totals.wire == []
    assert "wire_bytes_a_step" not in numbers(totals)


def test_what_is_shipped_is_the_same_whenever_the_job_runs_again():
    fast, slow = (account("ring", outcome(ledger(carried=carried))) for carried in (100, 130))
    assert reproducible_part(fast) == reproducible_part(slow)


def test_a_job_that_went_on_from_its_very_end_divides_by_nothing():
    assert account("ring", outcome(ledger(), steps=0)).steps == 0
