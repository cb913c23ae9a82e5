# SPDX-License-Identifier: Apache-2.0
"""Turns a unit's manifest and records into the evidence that the gates judge.

Unreadable evidence is neither absent nor an error. It becomes a fault that the gate reports, and it never passes.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final

import msgspec
from msgspec.structs import replace

from federation.core import records
from federation.core.digest import digest_of
from federation.core.gates.evidence import (
    LATENCY_SCORES,
    SAFETY_SCORE,
    BaselineRun,
    Evidence,
    Subject,
    Summary,
)
from federation.core.gates.rules import GateRules
from federation.core.manifest import File, LatencyMeasurement, Measurement, Unit
from federation.core.number_text import decimal_text
from federation.core.records import Records
from federation.core.statistics.correlation import CoFailure, co_failures
from federation.errors import ContractError

RECORDS_BYTES: Final = 268_435_456
"""The largest file of records in bytes: room for two million items."""


Read = Callable[[str], bytes | None]
"""Returns the bytes at a path of the manifest, or None if the file is gone."""


class Files(msgspec.Struct, frozen=True, kw_only=True):
    """A unit's records, read one file at a time.

    `known` are item lists in memory, shared instead of copied. `others` are the artifact digests of the units whose
    records on this unit's suite are read, too.
    """

    whose: str
    read: Read
    known: Sequence[Sequence[str]] = ()
    others: frozenset[str] = frozenset()


def candidate_subject(unit: Unit, read: Read, rules: GateRules, *, others: Iterable[str] = ()) -> Subject:
    """The candidate, as the gates see it.

    Args:
        unit: As its manifest states it.
        read: Reads the records behind its evidence.
        rules: Say which metrics are judged.
        others: Artifact digests of the units it is compared with.
    """
    files = Files(whose=unit.name, read=read, others=frozenset(others))
    latency = _latency_evidence(unit.evidence.latency, files) if unit.evidence.latency else None
    return replace(_without_latency(unit, files, rules), latency=latency)


def serving_subject(unit: Unit, read: Read, rules: GateRules, *, known: Sequence[Sequence[str]]) -> Subject:
    """A serving unit, as the gates see it. It has no latency, which only counts from an interleaved run.

    Args:
        unit: As its manifest states it.
        read: Reads the records behind its evidence.
        rules: Say which metrics are judged.
        known: Item lists in memory, to be shared.
    """
    return _without_latency(unit, Files(whose=unit.name, read=read, known=known), rules)


def item_lists(subject: Subject) -> tuple[Sequence[str], ...]:
    """The item lists of a subject's records, to pass as `known` for the next subject."""
    parts = (subject.quality, *subject.safety.values())
    return tuple(evidence.records.items for evidence in parts if evidence and evidence.records)


def _without_latency(unit: Unit, files: Files, rules: GateRules) -> Subject:
    evidence = unit.evidence
    metrics = _record_metrics(rules, evidence.quality) if evidence.quality else ()
    return Subject(
        artifact=unit.artifact,
        kind=unit.kind,
        contract=unit.contract,
        api=unit.api,
        quality=_gate_evidence(evidence.quality, metrics, files) if evidence.quality and rules.quality else None,
        safety={name: _gate_evidence(suite, (SAFETY_SCORE,), files) for name, suite in evidence.safety.items()},
    )


def _record_metrics(rules: GateRules, measured: Measurement) -> tuple[str, ...]:
    """The metrics that every record must state: all except those with a summary that the policy accepts.

    A metric on other items than the suite's, such as bits per byte of ordinary prose, can only be a summary.
    """
    summed = {rule.metric for rule in rules.quality if rule.evidence != "records"} & measured.summary.keys()
    return tuple(rule.metric for rule in rules.quality if rule.metric not in summed)


def voter_correlations(
    units: Sequence[Unit], ballots: Mapping[str, Mapping[str, bytes | None]]
) -> list[dict[str, Any]]:
    """How often each pair of voters fails together, on every safety suite that all voters ran.

    Args:
        units: The units of a release.
        ballots: The voters' safety records, by unit name and path; a voter whose records cannot be read is left out.
    """
    voters = {unit.name: _safety_records(unit, ballots[unit.name]) for unit in units if unit.name in ballots}
    shared = sorted(set.intersection(*map(set, voters.values()))) if len(voters) > 1 else []
    return [
        _pair_document(suite, pair)
        for suite in shared
        for pair in _voter_co_failures({name: suites[suite] for name, suites in voters.items()})
    ]


def _safety_records(unit: Unit, bodies: Mapping[str, bytes | None]) -> dict[str, Records]:
    files = Files(whose=unit.name, read=bodies.get)
    by_suite = {
        name: _gate_evidence(suite, (SAFETY_SCORE,), files).records for name, suite in unit.evidence.safety.items()
    }
    return {name: rows for name, rows in by_suite.items() if rows is not None}


def _voter_co_failures(members: Mapping[str, Records]) -> tuple[CoFailure, ...]:
    try:
        return co_failures(members, SAFETY_SCORE)
    except ContractError:
        return ()


def _pair_document(suite: str, pair: CoFailure) -> dict[str, Any]:
    return {
        "suite": suite,
        "members": [pair.first, pair.second],
        "items": pair.items,
        "both_fail": pair.both_fail,
        "phi": None if pair.phi is None else decimal_text(pair.phi),
    }


def _gate_evidence(measured: Measurement, metrics: Sequence[str], files: Files) -> Evidence:
    suite = measured.suite.digest if measured.suite else ""
    claimed = Evidence(suite=suite, summaries=_summaries(measured), points=_points(measured))
    if measured.grade == "records" and metrics:
        return _with_others(_with_records(claimed, measured.records, metrics, files), measured, metrics, files)
    return claimed


def _with_others(own: Evidence, measured: Measurement, metrics: Sequence[str], files: Files) -> Evidence:
    """`own` with other units' records of the same run. If those cannot be read, `own` has a fault."""
    compared = [other for other in measured.against if other.artifact in files.others]
    if own.records is None or not compared:
        return own
    shared = replace(files, known=(own.records.items,))
    try:
        others = {other.artifact: _read_records(other.records, metrics, shared) for other in compared}
    except ContractError as error:
        return Evidence(suite=own.suite, fault=_fault_text(error))
    return replace(own, others=others)


def _latency_evidence(measured: LatencyMeasurement, files: Files) -> Evidence:
    bare = Evidence(suite="", machine=measured.machine, prices=measured.price_table)
    if measured.grade != "records":
        return replace(bare, summaries=_summaries(measured), points=_points(measured))
    own = _with_records(bare, measured.records, LATENCY_SCORES, files)
    if measured.against is None or own.records is None:
        return own
    try:
        shared = replace(files, known=(own.records.items,))
        theirs = _baseline_requests(measured.records, measured.against.records, shared)
    except ContractError as error:
        return replace(bare, fault=_fault_text(error))
    return replace(own, against=BaselineRun(artifact=measured.against.artifact, records=theirs))


def _with_records(bare: Evidence, file: File | None, metrics: Sequence[str], files: Files) -> Evidence:
    try:
        rows = _read_records(file, metrics, files)
    except ContractError as error:
        return replace(bare, fault=_fault_text(error))
    return replace(bare, records=rows)


def _read_records(file: File | None, metrics: Sequence[str], files: Files) -> Records:
    if file is None:
        raise ContractError("the evidence claims a record for each item, but the manifest names no file of records")
    body = files.read(file.path)
    if body is None:
        raise ContractError(f"{file.path} is no longer there")
    if digest_of(body) != f"sha256:{file.sha256}":
        raise ContractError(f"{file.path} no longer has the sha256 that the manifest states")
    rows = records.read(body, metrics, what=f"{files.whose}/{file.path}")
    return replace(rows, items=next((shared for shared in files.known if shared == rows.items), rows.items))


def _baseline_requests(own: File | None, other: File, files: Files) -> Records:
    """The baseline's requests. They need their own file, because two units never take exactly the same times."""
    if own is not None and other.path == own.path:
        raise ContractError(
            f"{other.path} is named as the records of both the unit and the baseline; name one file for each"
        )
    if own is not None and other.sha256 == own.sha256:
        raise ContractError(
            f"{other.path} is a copy of {own.path}: both the unit and the baseline have the records of one run; "
            "ship the records of each"
        )
    return _read_records(other, LATENCY_SCORES, files)


def _fault_text(error: ContractError) -> str:
    return "; ".join((error.what, *error.faults))


def _summaries(measured: Measurement | LatencyMeasurement) -> dict[str, Summary]:
    return {
        metric: Summary(items=summary.n, mean=float(summary.mean), deviation=float(summary.sd))
        for metric, summary in measured.summary.items()
    }


def _points(measured: Measurement | LatencyMeasurement) -> dict[str, float]:
    return {metric: float(value) for metric, value in measured.point.items()}
