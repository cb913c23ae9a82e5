# SPDX-License-Identifier: Apache-2.0
"""A process that does not answer as it should is no measurement."""

import pytest
from bench.deployed import HANDLERS

from bench import first_events, started
from federation.core import names


def test_the_first_invocation_of_a_handler_that_does_nothing_costs_time_and_memory():
    start = started.on_lambda("idle_aws.handler", HANDLERS, {}, first_events.invocation("fuse"))
    assert 0.01 < start.seconds < 30
    assert 5 < start.megabytes < 200


def test_a_function_that_gives_its_message_back_is_told_and_not_measured(tmp_path):
    (tmp_path / "broken.py").write_text("def handler(event, context):\n    return {'batchItemFailures': [1]}\n")
    with pytest.raises(started.SilentError, match="answered with response"):
        started.on_lambda("broken.handler", tmp_path, {}, {})


def test_every_function_that_is_started_has_an_event_of_its_own():
    assert all(first_events.invocation(name) for name in ("receive", *first_events.heard()))
    assert {pushed.path for pushed in map(first_events.push, first_events.heard())} == {"/"}
    assert first_events.push("receive").path == "/hub"


def test_what_the_first_events_need_is_one_policy_and_what_was_settled():
    kept = []

    class Kept:
        def keep(self, name, body):
            assert body
            kept.append(name)

    first_events.prepare(Kept())
    assert kept[0] == names.policy(1)
    assert {name.partition("/")[0] for name in kept} == {"policies", "events", "settled"}
