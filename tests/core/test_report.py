# SPDX-License-Identifier: Apache-2.0
"""A report says against what a unit was judged, and holds for nothing else."""

import pytest
from tests.core.proposals import policy

from federation.core import contract
from federation.core.channel import Channel, Entry
from federation.core.digest import canonical, digest
from federation.core.gates.finding import GATES, Finding
from federation.core.report import Basis, basis_of, reasons, report

BASIS = Basis(baseline=digest("serving"), anchor=digest("anchor"), policy=digest("policy"))


def finding(gate, verdict="pass", reason="it holds"):
    return Finding(gate=gate, check=f"{gate} against the baseline", verdict=verdict, reason=reason)


def reported(findings, basis=BASIS):
    return report(
        name="spiralverse/embedder-v3",
        kind="embedder",
        unit=digest("unit"),
        basis=basis,
        findings=findings,
        contract_changed=False,
    )


def entry(name):
    return Entry(
        name=f"spiralverse-ai-federated-v{name}",
        digest=digest(name),
        since="",
        units={},
        numbers={},
        new=[],
        commit="c",
    )


def test_before_the_first_release_there_is_nothing_but_the_policy_to_hold_against():
    governed = policy()
    assert basis_of(Channel(name="production"), governed) == Basis(baseline=None, anchor=None, policy=governed.digest)


def test_what_serves_and_the_anchor_are_the_basis_by_digest():
    channel = Channel(name="production", serving=entry("1.4.0"), anchor=entry("1.0.0"))
    found = basis_of(channel, policy())
    assert (found.baseline, found.anchor) == (digest("1.4.0"), digest("1.0.0"))


def test_what_is_warm_or_held_does_not_change_the_basis():
    plain = Channel(name="production", serving=entry("1.4.0"))
    later = Channel(name="production", serving=entry("1.4.0"), counter=9, warm=[entry("1.3.0")])
    assert basis_of(plain, policy()).digest == basis_of(later, policy()).digest


def test_another_baseline_anchor_or_policy_is_another_basis():
    others = [
        Basis(baseline=None, anchor=BASIS.anchor, policy=BASIS.policy),
        Basis(baseline=BASIS.baseline, anchor=None, policy=BASIS.policy),
        Basis(baseline=BASIS.anchor, anchor=BASIS.baseline, policy=BASIS.policy),
        Basis(baseline=BASIS.baseline, anchor=BASIS.anchor, policy=digest("policy 2")),
    ]
    assert len({BASIS.digest, *(one.digest for one in others)}) == 5


@pytest.mark.parametrize(
    ("verdicts", "worst"),
    [
        (("pass", "pass", "pass", "pass"), "pass"),
        (("pass", "inconclusive", "pass", "pass"), "inconclusive"),
        (("inconclusive", "inconclusive", "fail", "pass"), "fail"),
    ],
)
def test_the_verdict_is_the_worst_of_the_findings(verdicts, worst):
    document = reported([finding(gate, verdict) for gate, verdict in zip(GATES, verdicts, strict=True)])
    assert document["verdict"] == worst
    contract.check("report.v1", document)


@pytest.mark.parametrize("silent", GATES)
def test_a_gate_that_checked_nothing_does_not_pass(silent):
    document = reported([finding(gate) for gate in GATES if gate != silent])
    assert document["verdict"] == "inconclusive"
    assert reasons(document) == "a gate had nothing to check"


def test_a_first_release_is_reported_against_nothing():
    document = reported([finding("quality")], Basis(baseline=None, anchor=None, policy=digest("policy")))
    assert document["basis"]["baseline"] is None
    contract.check("report.v1", document)


def test_a_reason_of_many_pages_is_cut_to_what_a_report_holds():
    document = reported([finding("quality", "inconclusive", "line 1 is no record; " * 1000)])
    contract.check("report.v1", document)
    assert document["findings"][0]["reason"].endswith(" ...")


def test_the_same_findings_are_the_same_bytes():
    assert canonical(reported([finding("quality")])) == canonical(reported([finding("quality")]))


@pytest.mark.parametrize(
    ("failing", "told"), [(20, "reason 20"), (21, "and 1 check more"), (700, "and 680 checks more")]
)
def test_of_very_many_reasons_the_first_are_told_so_that_a_bus_takes_the_event(failing, told):
    findings = [finding("quality", "fail", f"reason {number}") for number in range(1, failing + 1)]
    sentence = reasons(reported(findings))
    assert sentence.startswith("reason 1; reason 2; ")
    assert told in sentence
    assert len(sentence) < 1_000


def test_of_very_many_reasons_what_fails_is_told_before_what_is_open():
    findings = [finding("quality", "inconclusive", f"open {number}") for number in range(30)]
    sentence = reasons(reported([*findings, finding("safety", "fail", "a suite failed")]))
    assert sentence.startswith("a suite failed; open 0; ")
