# SPDX-License-Identifier: Apache-2.0
"""Data stays at home whatever a place costs; of what is left, spot comes first, then the cheapest."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from federation.core.budget import Budget, Funds
from federation.core.placement import Hours, Job, JobData, Place, cost_at, rank_places

MATRIX = {"aws": ["runtime-distilled"], "gcp": ["embedder", "runtime-distilled"], "azure": ["runtime-distilled"]}
KIND = "runtime-distilled"
prices = st.none() | st.integers(1, 500).map(lambda number: Decimal(number) / 100)
places = st.builds(
    Place,
    platform=st.sampled_from(["aws", "gcp", "hf"]),
    machine=st.sampled_from(["small", "large"]),
    region=st.sampled_from([None, "here", "there"]),
    spot=st.booleans(),
    price=prices,
)
data = st.builds(
    JobData,
    name=st.just("tickets"),
    platform=st.sampled_from(["aws", "gcp"]),
    region=st.sampled_from(["here", "there"]),
)
funds = st.none() | st.builds(
    Funds,
    budget=st.builds(Budget, currency=st.just("EUR"), amount=st.integers(0, 40).map(Decimal)),
    month=st.just("2026-11"),
    committed=st.integers(0, 40).map(Decimal),
)


def job(*listed, **more):
    described = {"image": "distil", "arguments": [], "after_rollback": False, "max_minutes": 90, **more}
    return Job(**described, places=listed)


def place(platform="aws", price="1.00", **more):
    return Place(platform=platform, price=Decimal(price) if price else None, region="here", **more)


@given(st.lists(places, min_size=1, max_size=6), st.lists(data, max_size=2), funds, st.booleans())
def test_whatever_is_chosen_is_allowed_and_nothing_better_was(listed, read, money, on_demand):
    asked = job(*listed, data=read)
    found = rank_places(KIND, asked, MATRIX, money, on_demand=on_demand)
    assert sorted(map(repr, (one.place for one in found))) == sorted(map(repr, listed))
    chosen = [one for one in found if one.verdict == "chosen"]
    assert len(chosen) == any(one.verdict != "refused" for one in found)
    assert all(one.why for one in found)
    for one in chosen:
        assert all((one.place.platform, one.place.region) == (known.platform, known.region) for known in read)
        assert KIND in MATRIX.get(one.place.platform, ())
        assert not (on_demand and one.place.spot)
        assert money is None or money.committed + one.cost <= money.budget.amount
        others = [other for other in found if other.verdict == "possible"]
        assert one.place.spot or not any(other.place.spot for other in others)
        rivals = [other.cost for other in others if other.place.spot == one.place.spot and other.cost is not None]
        assert not rivals or one.cost <= min(rivals)


@given(prices.filter(bool), st.integers(1, 40_320), st.integers(1, 1024))
def test_what_is_held_back_is_never_less_than_what_may_be_billed(price, minutes, count):
    asked = job(Place(platform="aws", price=price), max_minutes=minutes, count=count)
    cost = cost_at(asked.places[0], asked)
    assert 0 <= cost - price * minutes * count / 60 < Decimal("0.0001") + Decimal("1e-20")


def reasons(*listed, **more):
    return [(one.verdict, one.why) for one in rank_places(KIND, job(*listed, **more), MATRIX)]


@pytest.mark.parametrize(
    ("listed", "more", "why"),
    [
        (place("hf"), {}, "the matrix does not let hf ship runtime-distilled"),
        (
            place(),
            {"data": [JobData(name="tickets", platform="aws", region="there")]},
            "data set tickets is at aws there and may not leave it; this place is aws here",
        ),
        (
            Place(platform="aws"),
            {"data": [JobData(name="tickets", platform="aws", region="there")]},
            "data set tickets is at aws there and may not leave it; this place is aws, which states no region",
        ),
        (
            place("gcp"),
            {"data": [JobData(name="tickets", platform="aws", region="here")]},
            "data set tickets is at aws here and may not leave it; this place is gcp here",
        ),
    ],
)
def test_a_refused_place_says_what_is_in_its_way(listed, more, why):
    assert reasons(listed, **more) == [("refused", why)]


def test_a_chosen_place_says_what_it_was_chosen_over():
    assert reasons(place(price="1.00"), place(price="2.00")) == [
        ("chosen", "the cheapest on-demand place of 2 possible ones; at most 1.50"),
        ("possible", "at most 3.00"),
    ]
    assert reasons(place(price="1.00"), place(price="2.00", spot=True))[0] == (
        "chosen",
        "the only spot place of 2 possible ones; at most 3.00",
    )
    assert reasons(place(price=None)) == [("chosen", "the only possible place; its cost is not stated")]


def test_where_a_price_is_unknown_a_known_one_comes_first():
    assert [one.place.price for one in rank_places(KIND, job(place(price=None), place(price="9")), MATRIX)] == [
        Decimal(9),
        None,
    ]


def test_of_equal_places_the_policys_order_decides():
    listed = [place(machine="first"), place(machine="second"), place(machine="third")]
    assert [one.place.machine for one in rank_places(KIND, job(*listed), MATRIX)] == ["first", "second", "third"]


def test_a_place_may_have_its_own_image_and_the_job_its_data():
    known = JobData(name="tickets", platform="aws", region="here")
    asked = job(place(image="registry/distil"), data=[known], hours=Hours(opens="0 22 * * *", minutes=60))
    told = asked.at(asked.places[0])
    assert told["image"] == "registry/distil"
    assert told["data"] == [{"name": "tickets", "platform": "aws", "region": "here"}]
    assert not {"places", "hours"} & set(told)


def test_hours_are_told_by_the_clock_of_their_own_zone():
    night = Hours(opens="0 22 * * *", minutes=60, time_zone="America/New_York")
    assert night.open_at("Europe/Berlin", "2026-11-18T03:30:00Z")
    assert not night.open_at("Europe/Berlin", "2026-11-17T21:30:00Z")
    assert Hours(opens="0 22 * * *", minutes=60).open_at("Europe/Berlin", "2026-11-17T21:30:00Z")
    assert night.next_opening("Europe/Berlin", "2026-11-17T21:30:00Z") == "2026-11-18T03:00:00Z"
