# SPDX-License-Identifier: Apache-2.0
"""What each way of training moves, against the formulas of its literature and against counting message by message."""

import itertools
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from federation.core.topology import Site, Task, at_least, centralised, federated, parameter_server, ring

GB = 10**9
numbers = st.integers(1, 10**10)
chances = st.integers(1, 100).map(lambda number: Decimal(number) / 100)


def site(name, **more):
    told = {
        "platform": "gcp",
        "region": f"region-{name}",
        "rows": 100,
        "bytes": GB,
        "leaves": "rows",
        "latency_ms": 10,
        "mbps": 100,
        "egress_per_gb": Decimal("0.10"),
    }
    return Site(**{**told, "name": name, **more})


def task(*sites, **more):
    return Task(**{"sites": sites, "model_bytes": 1000, "rounds": 5, "steps": 70, **more})


@st.composite
def tasks(draw):
    count = draw(st.integers(2, 7))
    sites = [
        site(
            f"s{number}",
            region=draw(st.sampled_from(["here", "there", "away"])),
            bytes=draw(numbers),
            latency_ms=draw(st.integers(0, 500)),
            mbps=draw(st.integers(1, 10_000)),
            egress_per_gb=draw(chances),
            reliability=draw(chances),
        )
        for number in range(count)
    ]
    return task(*sites, model_bytes=draw(numbers), rounds=draw(st.integers(1, 50)), steps=draw(st.integers(1, 5000)))


@given(tasks())
def test_the_bytes_are_those_of_the_formulas(asked):
    count, size = len(asked.sites), asked.model_bytes
    assert federated(asked).bytes == 2 * size * count * asked.rounds
    assert parameter_server(asked).bytes == 2 * size * count * asked.steps
    assert ring(asked).bytes == pytest.approx(2 * (count - 1) * size * asked.steps)
    assert ring(asked).busiest_each == pytest.approx(2 * 2 * (count - 1) / count * size)
    assert centralised(asked).bytes == sum(one.bytes for one in asked.sites) - asked.middle.bytes


@given(st.integers(2, 6), st.integers(1, 8))
def test_a_ring_that_is_played_chunk_by_chunk_sends_what_the_formula_says(count, chunk):
    """Reduce-scatter and all-gather: in each stage every worker passes one of n chunks to the next one."""
    sent = [0] * count
    sums = [[{worker} for _ in range(count)] for worker in range(count)]
    for stage in range(2 * (count - 1)):
        passed = [(worker, (worker - stage) % count) for worker in range(count)]
        if stage >= count - 1:
            passed = [(worker, (worker + 1 - (stage - count + 1)) % count) for worker in range(count)]
        moving = [(worker, part, set(sums[worker][part])) for worker, part in passed]
        for worker, part, known in moving:
            sent[worker] += chunk
            sums[(worker + 1) % count][part] |= known
    assert all(known == set(range(count)) for worker in sums for known in worker)
    played = task(*(site(f"s{number}") for number in range(count)), model_bytes=chunk * count, steps=1)
    assert sum(sent) == pytest.approx(ring(played).bytes)
    assert set(sent) == {chunk * 2 * (count - 1)}


@given(tasks())
def test_more_of_anything_never_costs_less(asked):
    larger = replace(asked, model_bytes=2 * asked.model_bytes)
    longer = replace(asked, steps=asked.steps + 1, rounds=asked.rounds + 1)
    for way in (federated, parameter_server, ring):
        for more in (larger, longer):
            assert way(more).bytes > way(asked).bytes
            assert way(more).seconds >= way(asked).seconds
            assert way(more).egress >= way(asked).egress
            assert way(more).unbroken <= way(asked).unbroken


@given(tasks())
def test_waiting_for_a_quorum_bears_more_than_waiting_for_all(asked):
    assert federated(asked).unbroken >= parameter_server(asked).unbroken - 1e-12
    assert 0 <= parameter_server(asked).unbroken <= 1


@given(st.lists(st.integers(0, 10).map(lambda tenths: tenths / 10), min_size=1, max_size=7), st.data())
def test_the_chance_of_a_quorum_is_the_sum_over_every_case(found, data):
    needed = data.draw(st.integers(0, len(found)))
    summed = 0.0
    for there in itertools.product((True, False), repeat=len(found)):
        if sum(there) >= needed:
            chance = 1.0
            for yes, one in zip(there, found, strict=True):
                chance *= one if yes else 1 - one
            summed += chance
    assert at_least(needed, found) == pytest.approx(summed)


def test_a_transfer_takes_as_long_as_its_narrowest_link():
    fast, slow = site("fast", mbps=1000, bytes=2 * GB), site("slow", mbps=8, latency_ms=250, bytes=GB)
    assert centralised(task(fast, slow)).seconds == pytest.approx(1000.25)
    asked = task(fast, slow, model_bytes=1_000_000, rounds=3, steps=10)
    assert federated(asked).seconds == pytest.approx(3 * 2 * (0.25 + 1.0))
    assert parameter_server(asked).seconds == pytest.approx(10 * 2 * (0.25 + 1.0))
    assert ring(asked).seconds == pytest.approx(10 * 2 * (0.25 + 0.5))


def test_a_server_shares_its_one_link_among_all_workers():
    centre = site("centre", mbps=8, bytes=5 * GB, latency_ms=0)
    others = [site(f"s{number}", mbps=8000, latency_ms=0) for number in range(9)]
    asked = task(centre, *others, model_bytes=1_000_000, rounds=1)
    assert federated(asked).seconds == pytest.approx(20.0)
    assert ring(asked).seconds == pytest.approx(70 * 2 * 9 * 0.1)


def test_only_what_leaves_a_region_is_paid_for():
    home = [site("a", region="x", bytes=3 * GB), site("b", region="x"), site("c", region="y", egress_per_gb=Decimal(1))]
    asked = task(*home, model_bytes=GB, rounds=1, steps=1)
    assert asked.middle.name == "a"
    assert centralised(asked).egress == Decimal(1)
    assert federated(asked).egress == Decimal("1.10")
    assert ring(asked).egress == pytest.approx(Decimal(4) / 3 * Decimal("1.10"))


def test_the_centre_is_where_nothing_leaves_else_where_most_of_the_data_is():
    large, sealed = site("large", bytes=9 * GB), site("sealed", leaves="updates", bytes=1)
    assert task(site("small"), large).middle is large
    assert task(large, sealed).middle is sealed
    assert task(large, sealed, centre="large").middle is large
