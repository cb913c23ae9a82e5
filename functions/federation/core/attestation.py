# SPDX-License-Identifier: Apache-2.0
"""How do in-toto statements say what the gates found about a release, so that other tools can read it?

Each gate of each unit gives one test result, whose subject is the unit's files
(https://github.com/in-toto/attestation/blob/main/spec/predicates/test-result.md). One verification summary covers them
all, and its subject is the release's manifest (https://slsa.dev/spec/v1.2/verification_summary). The same release and
reports give the same bytes, at any time.
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
        verifier: A URI that names the party that vouches for the result.
    """
    results = [told for kind in sorted(release["units"]) for told in _results(release["units"][kind], reports[kind])]
    return (*results, _summary(release, results, verifier))


def _results(unit: Document, report: Document) -> Iterator[Document]:
    """One statement for each gate that checked something."""
    for gate in GATES:
        findings = [finding for finding in report["findings"] if finding["gate"] == gate]
        if findings:
            yield _statement(_files(unit), TEST_RESULT, _result(gate, findings, report))


def _result(gate: str, findings: Sequence[Document], report: Document) -> Document:
    """The predicate: which checks passed and what the result rests on; `findings`, our own field, adds the bounds."""
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
    """What the verdict rests on: the unit as stated with its evidence, the policy, the releases compared with."""
    yield _described(report["unit"]["name"], report["unit"]["digest"])
    for role, found in sorted(report["basis"].items()):
        if found is not None:
            yield _described(role, found)


def _summary(release: Document, results: Sequence[Document], verifier: str) -> Document:
    policy = release["policy"]
    held = all(item["yes"] for item in release["checklist"])
    passed = held and all(one["predicate"]["result"] == "PASSED" for one in results)
    predicate = {
        "verifier": {"id": verifier},
        "timeVerified": release["created_at"],
        "resourceUri": f"federation:{release['name']}",
        "policy": {"uri": f"federation:{policy['name']}/{policy['version']}", "digest": _sha256(policy["digest"])},
        "inputAttestations": [{"digest": _sha256(digest_of(canonical(one)))} for one in results],
        "verificationResult": "PASSED" if passed else "FAILED",
        "verifiedLevels": [_UNEVALUATED, *_levels(release, results)] if passed else ["FAILED"],
    }
    return _statement([_described("manifest.json", digest(release))], SUMMARY, predicate)


def _levels(release: Document, results: Sequence[Document]) -> Iterator[str]:
    """A level for each gate that every unit has passed; not every kind has to pass every gate."""
    for gate in GATES:
        told = [one for one in results if _passes(gate, one)]
        if len(told) == len(release["units"]):
            yield f"FEDERATION_{gate.upper()}"


def _passes(gate: str, result: Document) -> bool:
    return any(found["gate"] == gate and found["verdict"] == "pass" for found in result["predicate"]["findings"])


def _files(unit: Document) -> list[Document]:
    return [_described(f"{unit['name']}/{file['path']}", f"sha256:{file['sha256']}") for file in unit["files"]]


def _statement(subject: Sequence[Document], predicate_type: str, predicate: Document) -> Document:
    return {"_type": _STATEMENT, "subject": list(subject), "predicateType": predicate_type, "predicate": predicate}


def _described(name: str, found: str) -> Document:
    """A resource descriptor."""
    return {"name": name, "digest": _sha256(found)}


def _sha256(found: str) -> Mapping[str, str]:
    return {"sha256": found.removeprefix("sha256:")}
