# SPDX-License-Identifier: Apache-2.0
"""What the gates found, in the words of in-toto: read by the format's own messages."""

import json

import pytest
from google.protobuf.json_format import ParseDict
from in_toto_attestation.predicates.test_result.v0.test_result_pb2 import TestResult as ResultMessage
from in_toto_attestation.predicates.vsa.v1.vsa_pb2 import VerificationSummary
from in_toto_attestation.v1.statement import Statement
from tests.core.proposals import proposal

from federation.core.attestation import SUMMARY, TEST_RESULT, statements
from federation.core.digest import canonical, digest, digest_of
from federation.core.release import assemble
from federation.core.version import FIRST

VERIFIER = "https://gates.example/federation"


def finding(gate, check, verdict="pass"):
    return {
        "gate": gate,
        "check": check,
        "verdict": verdict,
        "reason": f"{check} is {verdict}",
        "numbers": {},
        "items": [],
    }


def report_on(unit, *findings):
    return {
        "unit": {"name": unit["name"], "digest": unit["digest"]},
        "basis": {"baseline": "sha256:" + "b" * 64, "anchor": None, "policy": "sha256:" + "c" * 64},
        "findings": list(findings),
    }


ALL = tuple(finding(gate, f"some {gate}") for gate in ("quality", "latency", "safety", "compatibility"))


@pytest.fixture
def release():
    return assemble(proposal(), FIRST)


def told(release, **others):
    """Its statements; `others` are the findings about single kinds, instead of a pass at every gate."""
    reports = {kind: report_on(unit, *others.get(kind, ALL)) for kind, unit in release["units"].items()}
    return statements(release, reports, VERIFIER)


def test_the_formats_own_reader_takes_every_statement(release):
    *results, summary = told(release)
    for one in (*results, summary):
        assert Statement.copy_from_pb(ParseDict(one, Statement([], "", {}).pb)).validate() is None
    for one in results:
        assert one["predicateType"] == TEST_RESULT
        assert ParseDict(one["predicate"], ResultMessage(), ignore_unknown_fields=True).result == "PASSED"
    levels = summary["predicate"].pop("verifiedLevels")  # a list in SLSA's text, and one string in this message
    read = ParseDict(summary["predicate"], VerificationSummary())
    assert levels[0] == "SLSA_BUILD_LEVEL_UNEVALUATED"
    assert (summary["predicateType"], read.verification_result) == (SUMMARY, "PASSED")
    assert read.time_verified.ToJsonString() == release["created_at"]


def test_whoever_has_one_file_of_a_unit_finds_what_was_said_about_it(release):
    unit = min(release["units"].items())[1]
    about = [one for one in told(release) if one["subject"][0]["name"].startswith(f"{unit['name']}/")]
    assert [one["predicate"]["passedTests"] for one in about] == [[f"{one['gate']}: {one['check']}"] for one in ALL]
    for one in about:
        assert [subject["digest"]["sha256"] for subject in one["subject"]] == [file["sha256"] for file in unit["files"]]


def test_it_says_what_the_verdict_follows_from(release):
    result = told(release)[0]["predicate"]
    assert [(one["name"], set(one["digest"])) for one in result["configuration"]] == [
        (min(release["units"].items())[1]["name"], {"sha256"}),
        ("baseline", {"sha256"}),
        ("policy", {"sha256"}),
    ]


def test_the_summary_is_about_the_manifest_and_rests_on_every_result(release):
    *results, summary = told(release)
    (subject,) = summary["subject"]
    assert f"sha256:{subject['digest']['sha256']}" == digest(release)
    named = [f"sha256:{one['digest']['sha256']}" for one in summary["predicate"]["inputAttestations"]]
    assert named == [digest_of(canonical(one)) for one in results]


def test_a_unit_that_did_not_pass_makes_the_summary_fail(release):
    kind = min(release["units"])
    found = told(release, **{kind: (*ALL[1:], finding("quality", "accuracy", "inconclusive"))})
    assert found[0]["predicate"]["result"] == "FAILED"
    assert found[0]["predicate"]["failedTests"] == ["quality: accuracy"]
    assert found[-1]["predicate"]["verificationResult"] == "FAILED"
    assert found[-1]["predicate"]["verifiedLevels"] == ["FAILED"]


def test_a_checklist_that_says_no_makes_the_summary_fail(release):
    release["checklist"][0]["yes"] = False
    assert told(release)[-1]["predicate"]["verificationResult"] == "FAILED"


def test_a_gate_that_checked_nothing_for_one_unit_is_not_claimed(release):
    kind = min(release["units"])
    found = told(release, **{kind: [one for one in ALL if one["gate"] != "safety"]})
    levels = found[-1]["predicate"]["verifiedLevels"]
    assert found[-1]["predicate"]["verificationResult"] == "PASSED"
    assert "FEDERATION_SAFETY" not in levels
    assert "FEDERATION_QUALITY" in levels


def test_the_same_release_is_told_in_the_same_bytes(release):
    assert json.dumps(told(release)) == json.dumps(told(assemble(proposal(), FIRST)))
