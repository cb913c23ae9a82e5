# SPDX-License-Identifier: Apache-2.0
"""Data stays where it must before any number counts; of what is left, the policy says what is best."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace
from tests.core.test_topology import GB, site, task, tasks

from federation.core.policy import Preference
from federation.core.topology_plan import duration, gravity, rank_topologies, size, task_of
from federation.errors import ContractError


def by_name(found):
    return {one.topology: one for one in found}


leaving = st.sampled_from(["rows", "updates", "nothing"])


@given(tasks(), st.data())
def test_whatever_is_chosen_takes_nothing_out_of_where_it_must_stay(asked, data):
    sites = [
        replace(one, leaves=data.draw(leaving), platform=data.draw(st.sampled_from(["aws", "gcp"])))
        for one in asked.sites
    ]
    asked = replace(asked, sites=sites)
    found = rank_topologies(asked, Preference(least_unbroken=Decimal("0.000001")))
    assert sorted(one.topology for one in found) == ["centralised", "federated", "parameter server", "ring all-reduce"]
    assert all(one.why and one.residency and one.fault_tolerance for one in found)
    for one in found:
        if one.verdict == "refused":
            continue
        if one.topology == "centralised":
            assert all(other.leaves == "rows" for other in asked.others)
        else:
            assert all(other.leaves != "nothing" for other in asked.sites)
            assert one.topology == "federated" or len({other.cloud for other in sites}) == 1
    costs = [one.load.egress for one in found if one.verdict != "refused"]
    assert costs == sorted(costs)


def test_where_rows_may_not_leave_federated_is_what_remains():
    asked = task(site("a", leaves="updates"), site("b", leaves="updates"), site("c", platform="aws"))
    found = by_name(rank_topologies(asked, Preference()))
    assert found["federated"].verdict == "chosen"
    assert found["federated"].why.startswith("the only possible topology: ")
    assert found["centralised"].why == "the rows of b may not leave, but would go to a"
    assert found["ring all-reduce"].why == (
        "it would send the gradients of each step between aws and gcp, and gradients never cross clouds"
    )


def test_two_houses_with_machines_of_their_own_are_no_cloud():
    """Platform says `on-premises` of both, and the gradients of one would have gone to the other."""
    north, south = (site(region, platform="on-premises", region=region) for region in ("hamburg", "munich"))
    found = by_name(rank_topologies(task(north, south), Preference()))
    assert found["ring all-reduce"].why == (
        "it would send the gradients of each step between on-premises in hamburg and on-premises in munich, and "
        "gradients never cross clouds"
    )
    assert found["parameter server"].verdict == "refused"
    wards = (site(name, platform="on-premises", region="hamburg") for name in "ab")
    assert by_name(rank_topologies(task(*wards), Preference()))["ring all-reduce"].verdict == "possible"


def test_within_one_cloud_the_policy_says_whether_money_or_time_counts():
    near = {"region": "x", "latency_ms": 0, "mbps": 10_000}
    asked = task(site("a", **near), site("b", **near), model_bytes=10**6, steps=10, rounds=10)
    cheap = {one.topology: one.load.seconds for one in rank_topologies(asked, Preference(prefer="time"))}
    assert next(iter(cheap)) == min(cheap, key=cheap.get)
    dear = [one.load.egress for one in rank_topologies(asked, Preference(prefer="cost"))]
    assert dear == sorted(dear)
    assert rank_topologies(asked, Preference())[0].why.startswith(
        "it has the lowest transfer cost of 4 possible topologies: "
    )


def test_what_a_loss_would_stop_is_refused_where_the_policy_does_not_bear_it():
    weak = [site(name, reliability=Decimal("0.9")) for name in "abc"]
    found = by_name(rank_topologies(task(*weak), Preference(least_unbroken=Decimal("0.8"))))
    assert found["federated"].verdict == "chosen"
    assert (
        found["parameter server"].why == "it has a 79% chance of stopping because sites are lost; the policy allows 20%"
    )
    assert found["federated"].fault_tolerance.startswith("a round needs 2 of 3 sites")


def test_what_takes_too_long_is_refused():
    asked = task(site("a"), site("b", mbps=1, bytes=10 * GB), centre="a")
    found = by_name(rank_topologies(asked, Preference(max_hours=2)))
    assert found["centralised"].why == "it is 22.2 hours on the wire; the policy allows 2 hours"


def test_where_nothing_may_leave_two_sites_nothing_is_chosen():
    found = rank_topologies(task(site("a", leaves="nothing"), site("b", leaves="nothing")), Preference())
    assert {one.verdict for one in found} == {"refused"}
    assert "nothing may leave a and b, not even model updates" in found[0].why or found[1].why


def test_gravity_is_told_with_its_share():
    assert gravity(task(site("a", bytes=3 * GB), site("b"))) == (
        "a is the centre: it holds 75% of 4 GB, and its rows may leave"
    )
    assert "none of 0 B" in gravity(task(site("a", bytes=0), site("b", bytes=0)))


@pytest.mark.parametrize(
    ("count", "told"),
    [(0, "0 B"), (999, "999 B"), (1500, "1.5 kB"), (540e6, "540 MB"), (2e12, "2 TB"), (5e16, "50,000 TB")],
)
def test_sizes_are_written_as_people_write_them(count, told):
    assert size(count) == told


@pytest.mark.parametrize(
    ("seconds", "told"), [(0.04, "0.0 seconds"), (119, "119.0 seconds"), (3600, "60.0 minutes"), (10**6, "11.6 days")]
)
def test_durations_are_written_as_people_write_them(seconds, told):
    assert duration(seconds) == told


SITE = {
    "name": "a",
    "platform": "gcp",
    "region": "x",
    "rows": 1,
    "bytes": 1,
    "leaves": "rows",
    "latency_ms": 1,
    "mbps": 1,
}


def document(**more):
    return {"model_bytes": 1, "rounds": 1, "steps": 1, "sites": [SITE, {**SITE, "name": "b"}], **more}


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        (document(sites=[SITE]), "Expected `array` of length >= 2"),
        (document(rounds=0), "Expected `int` >= 1"),
        (document(colour="red"), "unknown field `colour`"),
        (document(sites=[SITE, SITE]), "a is listed more than once"),
        (document(centre="z"), "z is not a site; name one of a, b"),
        (document(quorum=3), "3 of 2 sites can never answer"),
        (document(sites=[SITE, {**SITE, "name": "b", "reliability": "1.5"}]), "the reliability of b is 1.5"),
        (document(sites=[SITE, {**SITE, "name": "b", "reliability": "NaN"}]), "the reliability of b is NaN"),
        (document(sites=[SITE, {**SITE, "name": "b", "egress_per_gb": "-1"}]), "sending from b costs -1"),
    ],
)
def test_a_task_that_makes_no_sense_says_where(wrong, why):
    with pytest.raises(ContractError) as refused:
        task_of(wrong, what="sites.json")
    assert why in str(refused.value)
