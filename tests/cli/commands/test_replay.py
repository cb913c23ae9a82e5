# SPDX-License-Identifier: Apache-2.0
"""A stored decision, taken again, gives the same bytes."""

import json
import sqlite3

SECOND = "spiralverse-ai-federated-v1.0.1"


def _rewritten(folder, like, change):
    """Falsify a stored document behind the store's back."""
    connection = sqlite3.connect(folder / "store.sqlite")
    name, body = connection.execute("select name, body from documents where name like ?", (like,)).fetchone()
    document = json.loads(body)
    change(document)
    connection.execute("update documents set body = ? where name = ?", (json.dumps(document).encode(), name))
    connection.commit()
    connection.close()
    return name


def test_two_weeks_of_decisions_are_the_same_byte_for_byte(federation, played):
    answer = federation("replay", "--all", "--folder", played, "--json")
    assert answer.code == 0
    assert len(answer.json) > 25
    assert all(one["differences"] == [] for one in answer.json)


def test_the_decisions_about_one_release_are_enough(federation, played):
    answer = federation("replay", SECOND, "--folder", played)
    assert answer.code == 0
    assert "the same, byte for byte" in answer.out


def test_the_short_names_that_explain_understands_are_understood(federation, played):
    for short, whole in (("v1.0.1", SECOND), ("embedder-v2", "spiralverse/embedder-v2")):
        answer = federation("replay", short, "--folder", played)
        assert (answer.code, answer.out) == (0, federation("replay", whole, "--folder", played).out)
    assert federation("replay", "embedder-v9", "--folder", played).code == 3


def test_one_decision_is_named_by_its_document(federation, played):
    every = federation("replay", "--all", "--folder", played, "--json").json
    (one,) = federation("replay", every[3]["decision"], "--folder", played, "--json").json
    assert one == every[3]


def test_a_falsified_outcome_is_found_with_its_place(federation, own):
    name = _rewritten(own, "decisions/promote/%", lambda found: found["outcome"].update(why="because I say so"))
    answer = federation("replay", name, "--folder", own, "--json")
    assert answer.code == 10
    assert answer.json[0]["differences"][0].startswith("$.why: was 'because I say so'")


def test_evidence_that_was_changed_afterwards_is_found(federation, own):
    records = next((own / "clouds" / "hf").rglob("quality.jsonl"))
    records.write_bytes(records.read_bytes() + b"\n")
    answer = federation("replay", "--all", "--folder", own)
    assert answer.code == 10
    assert "DIFFERENT" in answer.out


def test_a_release_that_was_changed_afterwards_is_found(federation, own):
    _rewritten(own, f"releases/{SECOND}", lambda found: found.update(api="another"))
    assert federation("replay", SECOND, "--folder", own).code == 10


def test_what_one_of_them_lacks_is_a_difference(federation, own):
    name = _rewritten(own, "decisions/promote/%", lambda found: found["outcome"].update(earlier=None))
    (one,) = federation("replay", name, "--folder", own, "--json").json
    assert one["differences"] == ["$.earlier: was null, is absent"]


def test_a_channel_that_an_older_version_wrote_down_is_one_decision_of_many(federation, own):
    def aged(decision):
        (channel,) = (one["is"] for one in decision["reads"] if one["what"] == "channel")
        del channel["serving"]["numbers"]

    name = _rewritten(own, "decisions/roll_back/%", aged)
    found = federation("replay", "--all", "--folder", own, "--json").json
    (told,) = [one for one in found if one["differences"]]
    assert told["decision"] == name
    assert told["differences"][0].startswith("this version cannot read the channel production")


def test_nothing_and_everything_at_once_are_no_question(federation, played):
    assert federation("replay", "--folder", played).code == 2
    assert federation("replay", SECOND, "--all", "--folder", played).code == 2


def test_what_nobody_decided_about_is_missing(federation, played):
    assert federation("replay", "spiralverse/nothing-v1", "--folder", played).code == 3
