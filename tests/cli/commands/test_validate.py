# SPDX-License-Identifier: Apache-2.0
"""Every fault of every file, with its path."""

import gzip
import json

import pytest

from federation.core import event as events
from federation.core.event import Event


def test_the_examples_are_valid(federation, examples):
    files = [examples / f"{platform}_manifest.json" for platform in ("hf", "gcp", "aws")]
    answer = federation("validate", *files, examples / "policy.json")
    assert answer.code == 0
    assert answer.out.count("valid") == 4


def test_every_fault_is_named_at_once(federation, examples, tmp_path):
    manifest = json.loads((examples / "hf_manifest.json").read_text())
    manifest["platform"] = 7
    del manifest["units"][0]["files"]
    broken = tmp_path / "broken.json"
    broken.write_text(json.dumps(manifest))
    answer = federation("validate", broken, examples / "policy.json", "--json")
    assert answer.code == 2
    first, second = answer.json
    assert [fault.partition(":")[0] for fault in first["faults"]] == ["$.platform", "$.units[0]"]
    assert second["valid"] is True


def test_a_policy_that_contradicts_itself_is_not_valid(federation, examples, tmp_path):
    policy = json.loads((examples / "policy.json").read_text())
    policy["fallback"] = ["nobody-ships-this"]
    path = tmp_path / "policy.json"
    path.write_text(json.dumps(policy))
    answer = federation("validate", path)
    assert answer.code == 2
    assert "$.fallback" in answer.out


def test_an_event_is_known_by_its_specversion(federation, tmp_path):
    event = Event(type=events.TICK_MERGE, source="//x/y", subject="s", time="2026-11-16T08:00:00Z", key="k", data={})
    path = tmp_path / "event.json"
    path.write_text(json.dumps(event.document()))
    assert federation("validate", path).code == 0
    path.write_text(json.dumps({**event.document(), "time": "soon"}))
    assert "$.time" in federation("validate", path).out


def test_records_are_checked_line_by_line(federation, examples, tmp_path):
    good = examples / "textgen-lora" / "records" / "quality.jsonl"
    assert federation("validate", good).code == 0
    path = tmp_path / "records.jsonl"
    path.write_text('{"item": "a", "scores": {"accuracy": 1}}\n{"item": "b"}\nnot json\n')
    answer = federation("validate", path, "--json")
    assert answer.code == 2
    lines = [fault.partition(":")[0].split(" is")[0] for fault in answer.json[0]["faults"]]
    assert lines == ["line 2", "line 3"]


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda body: body + body.splitlines(keepends=True)[0], "line 4 repeats item 'a'"),
        (lambda body: body.replace(b"\n", b"\n\n", 1), "line 2 is blank"),
        (lambda body: body.replace(b"\n", b"\r"), "line 1 is not JSON"),
        (gzip.compress, "compressed with gzip"),
    ],
)
def test_a_file_that_no_gate_reads_is_not_valid_either(federation, tmp_path, change, told):
    body = b"".join(b'{"item": "%s", "scores": {"accuracy": 1}}\n' % item for item in (b"a", b"b", b"c"))
    path, sound = tmp_path / "quality.jsonl", tmp_path / "sound.jsonl"
    path.write_bytes(change(body))
    sound.write_bytes(body.replace(b"\n", b"\r\n") + b"\n\n")
    assert federation("validate", sound).code == 0
    answer = federation("validate", path)
    assert answer.code == 2
    assert told in answer.out
    assert federation("compare", path, sound, "--metric", "accuracy", "--margin", 0.02).code == 2


def test_a_file_that_is_not_there_keeps_nobody_from_hearing_of_the_others(federation, tmp_path, examples):
    sound, broken, absent = examples / "policy.json", tmp_path / "broken.json", tmp_path / "absent.json"
    broken.write_text('{"schema": "policy.v1"}')
    answer = federation("validate", absent, sound, broken)
    assert answer.code == 3
    for told in (f"{absent}: 1 fault", "there is no such file", f"{sound}: valid", "$: gates is missing"):
        assert told in answer.out


def test_an_empty_file_of_records_is_a_fault(federation, tmp_path):
    path = tmp_path / "records.jsonl"
    path.write_bytes(b"")
    assert federation("validate", path).code == 2


def test_a_document_of_no_schema_says_which_there_are(federation, tmp_path):
    path = tmp_path / "document.json"
    path.write_text('{"schema": "poem.v1"}')
    answer = federation("validate", path)
    assert answer.code == 2
    assert "manifest.v1" in answer.out


def test_what_is_not_there_is_missing(federation, tmp_path):
    assert federation("validate", tmp_path / "nothing.json").code == 3


def test_a_misspelt_field_is_valid_and_named(federation, examples, tmp_path):
    policy = json.loads((examples / "policy.json").read_text())
    policy["gates"]["embedder"]["quality"][0]["directon"] = "lower"
    path = tmp_path / "policy.json"
    path.write_text(json.dumps(policy))
    answer = federation("validate", path)
    assert answer.code == 0
    warning = (
        "`gates.embedder.quality[0].directon` is not a field of a policy and has no effect; did you mean `direction`?"
    )
    assert warning in answer.out
    sound, named = federation("validate", examples / "hf_manifest.json", path, "--json").json
    assert sound["unknown_fields"] == []
    assert named == {"file": str(path), "valid": True, "faults": [], "unknown_fields": [warning]}


def test_a_float_hides_no_other_fault(federation, examples, tmp_path):
    policy = json.loads((examples / "policy.json").read_text())
    policy["gates"]["embedder"]["quality"][0]["margin"] = 0.02
    policy["version"] = 1.5
    del policy["routes"]
    path = tmp_path / "policy.json"
    path.write_text(json.dumps(policy))
    (found,) = federation("validate", path, "--json").json
    assert [fault.partition(":")[0] for fault in found["faults"]] == [
        "$.gates.embedder.quality[0].margin",
        "$",
        "$.version",
    ]
