# SPDX-License-Identifier: Apache-2.0
"""An order that was refused or carried out only in part: what is left to do?"""

import json
from types import SimpleNamespace

from msgspec.structs import replace

from federation.cli.home.opened import opened
from federation.cli.ordering.direct import carried_directly
from federation.cli.ordering.next_steps import next_steps, with_its_move
from federation.cli.ordering.order import order
from federation.core import event as events
from federation.demo.show import staged
from federation.demo.story import first_week, second_week
from federation.errors import ServiceError

FIRST = "spiralverse-ai-federated-v1.0.0"
SECOND = "spiralverse-ai-federated-v1.0.1"
WHO = ("--who", "eva", "--why", "it is needed")


def test_nodes_that_cannot_be_told_are_no_secret(federation, promoted_twice):
    (promoted_twice / "serving" / "production.json").unlink()
    (promoted_twice / "serving").rmdir()
    (promoted_twice / "serving").write_text("in the way")
    answer = federation("rollback", *WHO, "--folder", promoted_twice)
    assert answer.code == 5
    assert f"{FIRST} should serve as of move 4, but the nodes may not know it yet" in answer.err
    page = federation("status", "--folder", promoted_twice).out
    assert page.index("Dead letters") < page.index("\nReleases\n")


class Down:
    """A service that fails whatever it is asked."""

    def __getattr__(self, name):
        raise ServiceError(f"{name} failed")


def test_a_store_that_fails_after_an_order_hides_neither_its_refusal_nor_what_went_wrong(promoted_twice):
    given = order(events.ROLLBACK_ORDERED, {"release": FIRST}, "production", "2026-11-20T03:00:00Z")
    with opened(promoted_twice) as home:
        progress, _ = carried_directly("roll_back", given, home)
        failing = SimpleNamespace(ports=replace(home.ports, store=Down()), letters=Down())
    (way,) = next_steps(failing, given, progress)
    assert "could not be determined" in way
    error = ServiceError("the nodes failed", hint="its own")
    assert with_its_move(failing, given, error) is error


def test_a_policy_of_a_newer_version_stops_neither_a_look_nor_the_way_back(federation, promoted_twice, examples):
    policy = {**json.loads((examples / "policy.json").read_bytes()), "schema": "policy.v9", "version": 9}
    with opened(promoted_twice) as home:
        home.ports.store.keep("policies/000009", json.dumps(policy).encode())
    assert federation("status", "--folder", promoted_twice).code == 0
    answer = federation("rollback", *WHO, "--folder", promoted_twice)
    assert f"the order was carried out: {FIRST} serves as of move 4. A later step failed" in answer.err
    assert json.loads((promoted_twice / "serving" / "production.json").read_text())["release"] == FIRST


def test_a_quarantine_of_what_serves_says_that_it_serves_all_the_same(federation, promoted_twice):
    answer = federation("quarantine", "spiralverse/textgen-lora-v2", *WHO, "--folder", promoted_twice)
    assert answer.code == 0
    assert f"still serves, in {SECOND}; to roll it back: federation rollback" in answer.out
    urgent = federation("status", "--folder", promoted_twice).out.partition("\nReleases\n")[0]
    _, leave, allow = urgent.partition("It serves although it is in quarantine")[2].split("federation ")[:3]
    assert leave.startswith("rollback ")
    assert allow.startswith("lift ")


def test_a_merge_that_had_units_judged_first_and_made_a_release_is_done(federation, own, tmp_path, examples):
    for one in federation("status", "--folder", own, "--json").json["quarantine"]:
        assert federation("lift", one["artifact"], *WHO, "--folder", own).code == 0
    policy = {**json.loads((examples / "policy.json").read_bytes()), "version": 2}
    (tmp_path / "policy.json").write_text(json.dumps(policy))
    federation("init", "--policy", tmp_path / "policy.json", "--who", "eva", "--why", "x", "--folder", own)
    answer = federation("tick", "merge", "--folder", own)
    assert answer.code == 0
    lines = answer.out.splitlines()
    assert any("spiralverse-ai-federated-v1.0.2 assembled." in line for line in lines)
    assert len(lines) == len(set(lines))


def test_whoever_asked_for_the_very_thing_is_told_what_comes_before_it(federation, tmp_path, examples, monkeypatch):
    monkeypatch.setattr("federation.cli.ordering.next_steps.now", lambda: "2026-11-20T12:00:00Z")  # no window is open
    home = ("--folder", tmp_path / "home")
    with staged(tmp_path / "home", examples) as stage:
        assert list(first_week(stage))
        assert any("Thursday" in line.what for line in second_week(stage))
    assert federation("hold", "--who", "bo", "--why", "an audit", *home).code == 0
    refused = federation("promote", SECOND, "--outside-window", *WHO, *home)
    assert refused.code == 10
    ways = refused.out.partition("What can be done\n")[2].splitlines()
    assert ways[0].startswith("  Held by bo since ")
    assert "federation resume" in ways[0]
    assert ways[1] == "  When that is done, give the same command again if the window is still closed"
    assert "--outside-window" not in refused.out
    assert "--outside-window" in federation("promote", SECOND, *WHO, *home).out, "who asked for less is told of it"
