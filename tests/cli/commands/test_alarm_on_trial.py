# SPDX-License-Identifier: Apache-2.0
"""A person gives a new alarm a word in the policy, lets it fire, and reads what it did or would have done."""

import json
from contextlib import closing
from datetime import timedelta

import pytest

from federation.core import instant, names
from federation.core.alarm import breached
from federation.core.digest import canonical
from federation.demo import wire_aws
from federation.demo.trust import TRUST
from federation.runtime import handle
from federation.wiring.local import local_home

FIRST, SECOND = "spiralverse-ai-federated-v1.0.0", "spiralverse-ai-federated-v1.0.1"
ALARM = "production-error-rate"
WHO = ("--who", "eva", "--why", "a drill")


@pytest.fixture
def fired(federation, examples, promoted_twice, tmp_path):
    """The alarm of the demo has fired under a policy with a word for it; the answer, and the home."""

    def fires(word):
        rules = json.loads((examples / "policy.json").read_bytes())
        rules |= {"version": 2, "rollback": {**rules["rollback"], "alarms": {ALARM: word, "another": "tell"}}}
        policy, trust, body = (tmp_path / name for name in ("policy.json", "trust.json", "alarm.json"))
        policy.write_text(json.dumps(rules))
        trust.write_text(json.dumps(TRUST))
        told = wire_aws.alarm("2026-11-24T14:04:41Z", about="2026-11-24T14:04:40Z")
        body.write_bytes(told.body)
        assert federation("init", "--policy", policy, *WHO, "--folder", promoted_twice).code == 0
        options = ("--entry", told.entry, "--trust", trust, "--folder", promoted_twice)
        return federation("receive", *options, body).json

    return fires


def status(federation, home):
    return federation("status", "--folder", home, "--json").json


def serving(found):
    return next(one["name"] for one in found["releases"] if one["state"] == "serving")


def test_on_trial_it_is_shown_for_a_day_with_what_it_would_have_done(federation, fired, promoted_twice):
    answer = fired("tell")
    assert answer["signal"]["names"] == {ALARM: "2026-11-24T14:04:40Z"}, "the name to write into the policy"
    found = status(federation, promoted_twice)
    assert serving(found) == SECOND
    (told,) = found["on_trial"]
    assert told["why"].endswith(f"{SECOND} serves on; a roll-back would have gone back to {FIRST}")
    page = federation("status", "--folder", promoted_twice).out
    assert "Alarms on trial that fired within a day" in page
    assert f"  {ALARM} fired at 2026-11-24 14:04:40Z" in page
    explained = federation("explain", "roll_back", "--folder", promoted_twice, "--json").json
    assert explained["verdict"] == "noted"
    assert "rollback.alarms" in explained["next"][0]


def test_a_hold_is_shown_under_the_alarms_name_and_lifted_by_resume(federation, fired, promoted_twice):
    fired("hold")
    found = status(federation, promoted_twice)
    assert (serving(found), found["hold"]["who"], found["on_trial"]) == (SECOND, f"alarm {ALARM}", [])
    page = federation("status", "--folder", promoted_twice).out
    assert f"alarm {ALARM} has held promotions since " in page
    again = federation("hold", *WHO, "--folder", promoted_twice)
    assert again.code == 10
    assert f"alarm {ALARM} already holds promotions until somebody resumes them" in again.out
    assert federation("resume", *WHO, "--folder", promoted_twice).code == 0
    assert status(federation, promoted_twice)["hold"] is None


def test_with_the_word_for_it_it_rolls_back_as_without_one(federation, fired, promoted_twice):
    fired("roll_back")
    found = status(federation, promoted_twice)
    assert (serving(found), found["on_trial"]) == (FIRST, [])


def minutes_into(home, minutes):
    """The moment so long after the release that serves began to; the roll-back took place when this test ran."""
    since = instant.moment(json.loads(home.ports.store.channel("production"))["serving"]["since"])
    return instant.text(since + timedelta(minutes=minutes))


def test_an_alarm_that_had_nothing_to_go_back_to_stays_in_the_status_when_one_on_trial_fires_after_it(
    federation, fired, promoted_twice, examples
):
    fired("roll_back")
    with closing(local_home(promoted_twice)) as home:
        rules = json.loads((examples / "policy.json").read_bytes())
        rules |= {"version": 3, "rollback": {**rules["rollback"], "alarms": {"a trial": "tell"}}}
        home.ports.store.keep(names.policy(3), canonical(rules))
        for minute, name in ((20, "errors"), *((minute, "a trial") for minute in range(21, 30))):
            at = minutes_into(home, minute)
            handle("roll_back", breached(name, at, {}), home.ports, at)
    found = status(federation, promoted_twice)
    assert len(found["on_trial"]) == 1
    assert "no stable release is left to go back to" in found["unheeded"]["why"]


@pytest.mark.parametrize(
    ("began", "unheeded"), [(20, True), (-60, False)], ids=["fires now", "lingers since before it"]
)
def test_what_had_nothing_to_go_back_to_stays_in_the_status_though_another_of_its_group_is_told(
    federation, fired, promoted_twice, began, unheeded
):
    """Of the release that serves an alarm that lingers in a group says nothing, whatever younger one joins it."""
    fired("roll_back")
    with closing(local_home(promoted_twice)) as home:
        at = minutes_into(home, 20)
        group = breached("am|{}", at, {}, {"errors": minutes_into(home, began), "another": at})
        handle("roll_back", group, home.ports, at)
    found = status(federation, promoted_twice)
    assert (found["unheeded"] is not None) is unheeded
