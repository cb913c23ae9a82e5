# SPDX-License-Identifier: Apache-2.0
"""A person gives a new alarm a word in the policy, lets it fire, and reads what it did or would have done."""

import json
from contextlib import closing
from datetime import timedelta

import pytest

from federation.core import instant, names
from federation.core.alarm import breach_event
from federation.core.digest import canonical, digest
from federation.demo import wire_aws
from federation.demo.trust import TRUST
from federation.runtime import handle
from federation.wiring.local import local_home

FIRST, SECOND = "spiralverse-ai-federated-v1.0.0", "spiralverse-ai-federated-v1.0.1"
ALARM = "production-error-rate"
WHO = ("--who", "eva", "--why", "a drill")


@pytest.fixture
def fired(federation, examples, promoted_twice, tmp_path):
    """The alarm of the demo fires under a policy with these words for alarms; the answer."""

    def fires(words):
        rules = json.loads((examples / "policy.json").read_bytes())
        rules |= {"version": 2, "rollback": {**rules["rollback"], "alarms": words}}
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
    answer = fired({ALARM: "tell", "another": "tell"})
    assert answer["signal"]["names"] == {ALARM: "2026-11-24T14:04:40Z"}, "the name to write into the policy"
    found = status(federation, promoted_twice)
    assert serving(found) == SECOND
    (told,) = found["on_trial"]
    assert told["why"].endswith(f"{SECOND} keeps serving; a roll-back would have gone back to {FIRST}")
    page = federation("status", "--folder", promoted_twice).out
    assert "Alarms on trial: version 2 of the policy says `tell` for them, so nothing moves" in page
    assert f"  {ALARM} fired at 2026-11-24 14:04:40Z" in page
    explained = federation("explain", "roll_back", "--folder", promoted_twice, "--json").json
    assert explained["verdict"] == "noted"
    back, without = explained["next"]
    assert back.startswith("To go back now: federation rollback ")
    assert "take the name out of rollback.alarms" in without


def test_a_hold_is_shown_under_the_alarms_name_and_lifted_by_resume(federation, fired, promoted_twice):
    fired({ALARM: "hold"})
    (way,) = federation("explain", "roll_back", "--folder", promoted_twice, "--json").json["next"]
    assert "To let promotions continue: federation resume" in way
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
    fired({ALARM: "roll_back"})
    found = status(federation, promoted_twice)
    assert (serving(found), found["on_trial"]) == (FIRST, [])


def test_the_last_name_may_be_taken_out_of_the_policy_and_its_alarm_rolls_back(federation, fired, promoted_twice):
    fired({})
    assert serving(status(federation, promoted_twice)) == FIRST


def minutes_into(home, minutes):
    """The moment so long after the release that serves began to; the roll-back took place when this test ran."""
    since = instant.moment(json.loads(home.ports.store.channel("production"))["serving"]["since"])
    return instant.text(since + timedelta(minutes=minutes))


def test_an_alarm_that_had_nothing_to_go_back_to_stays_in_the_status_when_one_on_trial_fires_after_it(
    federation, fired, promoted_twice, examples
):
    fired({ALARM: "roll_back", "another": "tell"})
    with closing(local_home(promoted_twice)) as home:
        rules = json.loads((examples / "policy.json").read_bytes())
        rules |= {"version": 3, "rollback": {**rules["rollback"], "alarms": {"a trial": "tell"}}}
        home.ports.store.keep(names.policy(3), canonical(rules))
        for minute, name in ((20, "errors"), *((minute, "a trial") for minute in range(21, 30))):
            at = minutes_into(home, minute)
            handle("roll_back", breach_event(name, at, {}), home.ports, at)
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
    fired({ALARM: "roll_back", "another": "tell"})
    with closing(local_home(promoted_twice)) as home:
        at = minutes_into(home, 20)
        group = breach_event("am|{}", at, {}, {"errors": minutes_into(home, began), "another": at})
        handle("roll_back", group, home.ports, at)
    found = status(federation, promoted_twice)
    assert (found["unheeded"] is not None) is unheeded


LONG = 3 * 24 * 60
"""Minutes of a weekend on which nobody looked."""


@pytest.fixture
def on_monday(federation, promoted_twice, examples, monkeypatch):
    """The alarm fired on trial on Friday and its monitor is red still; it is Monday. The home in the folder."""
    with closing(local_home(promoted_twice)) as home:
        rules = json.loads((examples / "policy.json").read_bytes())
        rules |= {"version": 2, "rollback": {**rules["rollback"], "alarms": {ALARM: "tell"}}}
        home.ports.store.keep(names.policy(2), canonical(rules))
        friday, monday = minutes_into(home, 20), minutes_into(home, LONG)
        for module in ("status", "tick"):
            monkeypatch.setattr(f"federation.cli.commands.{module}.now", lambda: monday)
        (promoted_twice / "alarms").mkdir(exist_ok=True)
        red = promoted_twice / "alarms" / "red.json"
        red.write_text(json.dumps({"key": f"arn:{ALARM}", "at": friday, "name": ALARM}))
        handle("roll_back", breach_event(f"arn:{ALARM}", friday, {}, {ALARM: None}), home.ports, friday)
    return promoted_twice


def told_to_be_over(folder, minutes):
    """Its monitor reports the end, which `receive` keeps."""
    with closing(local_home(folder)) as home:
        name = f"{names.alarms(digest(f'arn:{ALARM}'))}{minutes_into(home, minutes)}/resolved"
        home.ports.store.keep(name, canonical({}))


def test_what_fires_on_for_days_stays_in_the_status_with_both_cures_until_its_end_is_told(federation, on_monday):
    (told,) = status(federation, on_monday)["on_trial"]
    assert told["goes_on"]
    told_to_be_over(on_monday, 10)
    page = federation("status", "--folder", on_monday).out
    assert f"would have gone back to {FIRST}; its end has not been reported" in page, (
        "an end before it began is another's"
    )
    assert "To go back now: federation rollback" in page
    assert f"(federation policy --folder {on_monday} > policy.json, then federation init --folder" in page
    told_to_be_over(on_monday, LONG - 60)
    assert status(federation, on_monday)["on_trial"] == []


def test_a_look_at_the_alarms_says_of_what_is_noted_already_that_it_fires_on(federation, on_monday):
    answer = federation("tick", "alarms", "--folder", on_monday)
    assert (answer.code, answer.out.splitlines()[0]) == (0, "Nothing to do.")
    assert f"{ALARM} fired at " in answer.out
    assert federation("tick", "alarms", "--folder", on_monday, "--json").json == []
    with closing(local_home(on_monday)) as home:
        home.ports.store.keep(f"{names.decisions('roll_back', digest('another'))}x", b"{")
    assert federation("tick", "alarms", "--folder", on_monday).code == 0, "the tick is done, whatever cannot be read"


def test_what_fired_on_trial_about_a_release_that_was_left_is_past(federation, on_monday):
    with closing(local_home(on_monday)) as home:
        handle(
            "roll_back", breach_event("errors", minutes_into(home, LONG - 60), {}), home.ports, minutes_into(home, LONG)
        )
    found = status(federation, on_monday)
    assert (serving(found), found["on_trial"]) == (FIRST, [])


def test_what_fired_under_an_earlier_policy_is_told_with_no_cure_for_a_word_that_is_gone(
    federation, on_monday, examples, tmp_path
):
    another = json.loads((examples / "policy.json").read_bytes())
    another |= {"version": 3, "rollback": {**another["rollback"], "alarms": {"another": "tell"}}}
    (tmp_path / "third.json").write_text(json.dumps(another))
    assert federation("init", "--policy", tmp_path / "third.json", *WHO, "--folder", on_monday).code == 0
    assert status(federation, on_monday)["on_trial"] == []
    with closing(local_home(on_monday)) as home:
        at = minutes_into(home, LONG - 60)
        handle("roll_back", breach_event("am|{}", at, {}, {"another": None}), home.ports, at)
    another |= {"version": 4, "rollback": {**another["rollback"], "alarms": {"a third": "tell"}}}
    (tmp_path / "fourth.json").write_text(json.dumps(another))
    assert len(status(federation, on_monday)["on_trial"]) == 1
    assert federation("init", "--policy", tmp_path / "fourth.json", *WHO, "--folder", on_monday).code == 0
    assert status(federation, on_monday)["on_trial"] == [], "of today, too: version 4 lets it roll back"
    (way,) = federation("explain", "roll_back", "--folder", on_monday, "--json").json["next"]
    assert way == "The policy's rollback.alarms says what an alarm does; one that is not named there rolls back."
