# SPDX-License-Identifier: Apache-2.0
"""A body that a person delivers by hand goes the way of any other."""

import json

import pytest

from federation.demo import wire_hub
from federation.demo.clouds import commit, upload
from federation.demo.trust import HUB_SECRET, TRUST


@pytest.fixture
def deliver(federation, new_home, tmp_path):
    trust = tmp_path / "trust.json"
    trust.write_text(json.dumps(TRUST))

    def delivered(request, secret=HUB_SECRET):
        body = tmp_path / "body.json"
        body.write_bytes(request.body)
        header = f"X-Webhook-Secret: {secret}"
        options = ("--entry", request.entry, "--trust", trust, "--header", header, "--folder", new_home)
        return federation("receive", *options, body)

    return delivered


@pytest.fixture
def push(examples, new_home):
    sha = commit(examples / "hf_manifest.json")
    upload(examples / "hf_manifest.json", new_home / "clouds", f"hf://models/spiralverse/adapters@{sha}")
    return wire_hub.push("adapters", sha)


def test_a_push_is_followed_to_the_gates(federation, deliver, push, new_home):
    answer = deliver(push)
    assert answer.code == 0
    assert answer.json["verdict"] == "accept"
    assert [one["step"] for one in answer.json["followed"]] == ["validate", "gate", "gate"]
    states = {unit["state"] for unit in federation("status", "--folder", new_home, "--json").json["units"]}
    assert states == {"passed"}


def test_the_same_push_again_is_ignored(deliver, push):
    deliver(push)
    again = deliver(push)
    assert again.json["verdict"] == "ignore"
    assert again.json["followed"] == []


def test_a_wrong_secret_leaves_no_trace(federation, deliver, push, new_home):
    answer = deliver(push, secret="guessed")
    assert answer.code == 2
    status = federation("status", "--folder", new_home, "--json").json
    assert status["units"] == status["parked"] == status["waiting"] == []


def test_without_a_home_nothing_is_delivered(federation, push, tmp_path):
    body, trust = tmp_path / "body.json", tmp_path / "trust.json"
    body.write_bytes(push.body)
    trust.write_text(json.dumps(TRUST))
    options = ("--entry", push.entry, "--trust", trust, "--header", f"X-Webhook-Secret: {HUB_SECRET}")
    assert federation("receive", *options, "--folder", tmp_path / "nowhere", body).code == 3
    assert federation("receive", "--dry-run", *options, body).code == 0
