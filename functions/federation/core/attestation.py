# SPDX-License-Identifier: Apache-2.0
"""Writes the gates' findings about a release as in-toto statements, for other tools.

Each gate of each unit gives one test result. Its subject is the unit's files
(https://github.com/in-toto/attestation/blob/main/spec/predicates/test-result.md). One verification summary covers them
all. Its subject is the release's manifest (https://slsa.dev/spec/v1.2/verification_summary). The same release and
reports always give the same bytes.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from federation.core.digest import canonical, digest, digest_of
from federation.core.gates.finding import GATES

_STATEMENT: Final = "https://in-toto.io/Statement/v1"
TEST_RESULT: Final = "https://in-toto.io/attestation/test-result/v0.1"
SUMMARY: Final = "https://slsa.dev/verification_summary/v1"
PAYLOAD: Final = "application/vnd.in-toto+json"
"""The payload type of a statement in its envelope."""

_UNEVALUATED: Final = "SLSA_BUILD_LEVEL_UNEVALUATED"

Document = Mapping[str, Any]


def statements(release: Document, reports: Mapping[str, Document], verifier: str) -> Sequence[Document]:
    """Every statement about a release, the summary last.

    Args:
        release: As schemas/release.v1.json describes it.
        reports: By kind, the report that admitted each unit; a carried unit's report is older than the release.
        verifier: A URI of the party that vouches for the result.
    """
    results = [
        statement
        for kind in sorted(release["units"])
        for statement in _test_results(release["units"][kind], reports[kind])
    ]
    return (*results, _verification_summary(release, results, verifier))


def _test_results(unit: Document, report: Document) -> Iterator[Document]:
    """One statement for each gate that checked something."""
    for gate in GATES:
        findings = [finding for finding in report["findings"] if finding["gate"] == gate]
        if findings:
            yield _statement_document(_file_descriptors(unit), TEST_RESULT, _predicate(gate, findings, report))


def _predicate(gate: str, findings: Sequence[Document], report: Document) -> Document:
    """The predicate: which checks passed, and under which policy. `findings` is our own field and adds the bounds."""
    passed = [finding["check"] for finding in findings if finding["verdict"] == "pass"]
    failed = [finding["check"] for finding in findings if finding["verdict"] != "pass"]
    return {
        "result": "FAILED" if failed else "PASSED",
        "configuration": list(_configuration(report)),
        "passedTests": [f"{gate}: {check}" for check in passed],
        "failedTests": [f"{gate}: {check}" for check in failed],
        "findings": list(findings),
    }


def _configuration(report: Document) -> Iterator[Document]:
    """Descriptors of the unit's manifest, the policy, the baseline and the anchor."""
    yield _descriptor(report["unit"]["name"], report["unit"]["digest"])
    for role, digest_text in sorted(report["basis"].items()):
        if digest_text is not None:
            yield _descriptor(role, digest_text)


def _verification_summary(release: Document, results: Sequence[Document], verifier: str) -> Document:
    policy = release["policy"]
    is_complete = all(item["yes"] for item in release["checklist"])
    passed = is_complete and all(result["predicate"]["result"] == "PASSED" for result in results)
    predicate = {
        "verifier": {"id": verifier},
        "timeVerified": release["created_at"],
        "resourceUri": f"federation:{release['name']}",
        "policy": {"uri": f"federation:{policy['name']}/{policy['version']}", "digest": _sha256(policy["digest"])},
        "inputAttestations": [{"digest": _sha256(digest_of(canonical(result)))} for result in results],
        "verificationResult": "PASSED" if passed else "FAILED",
        "verifiedLevels": [_UNEVALUATED, *_passed_levels(release, results)] if passed else ["FAILED"],
    }
    return _statement_document([_descriptor("manifest.json", digest(release))], SUMMARY, predicate)


def _passed_levels(release: Document, results: Sequence[Document]) -> Iterator[str]:
    """A level for each gate that every unit has passed."""
    for gate in GATES:
        passing = [result for result in results if _passes(gate, result)]
        if len(passing) == len(release["units"]):
            yield f"FEDERATION_{gate.upper()}"


def _passes(gate: str, result: Document) -> bool:
    return any(finding["gate"] == gate and finding["verdict"] == "pass" for finding in result["predicate"]["findings"])


def _file_descriptors(unit: Document) -> list[Document]:
    return [_descriptor(f"{unit['name']}/{file['path']}", f"sha256:{file['sha256']}") for file in unit["files"]]


def _statement_document(subject: Sequence[Document], predicate_type: str, predicate: Document) -> Document:
    return {"_type": _STATEMENT, "subject": list(subject), "predicateType": predicate_type, "predicate": predicate}


def _descriptor(name: str, digest_text: str) -> Document:
    """A resource descriptor."""
    return {"name": name, "digest": _sha256(digest_text)}


def _sha256(digest_text: str) -> Mapping[str, str]:
    return {"sha256": digest_text.removeprefix("sha256:")}
