# SPDX-License-Identifier: Apache-2.0
"""Which release do manifests make without a home, or why do they make none?

The usual steps run in memory, up to the assembled release. Nothing is promoted, no job is launched, and only the output
is written, whole or not at all.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final, cast

import msgspec

from federation.core import channel as channels
from federation.core import event as events
from federation.core import instant, names
from federation.core.digest import canonical
from federation.core.event import Event
from federation.core.gates.finding import FIRST
from federation.core.move import Cause
from federation.core.unknown_fields import policy_field_warnings
from federation.errors import FederationError
from federation.local import files
from federation.offline.documents import MANIFEST, documents_of
from federation.offline.places import rebased, relative
from federation.offline.standing import Standing
from federation.runtime import handle
from federation.steps import StepName
from federation.wiring.local import LocalHome, temporary_home

_STEPS: Final[tuple[StepName, ...]] = ("validate", "gate", "fuse")
"""The steps that run; not `launch`, so that no job is started."""
_OF_GATES: Final = frozenset({events.UNIT_REFUSED, events.UNIT_INCONCLUSIVE})


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """One reason why something was refused: what, why in a sentence, and whether by a gate."""

    subject: str
    why: str
    by_gate: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Fused:
    """The release or None, every refusal, every report, and a sentence for each field of the policy without effect."""

    release: Mapping[str, Any] | None
    refusals: Sequence[Refusal]
    reports: Sequence[Mapping[str, Any]]
    unknown_fields: Sequence[str] = ()

    @property
    def passed_over(self) -> Sequence[str]:
        """The units that passed, but are not in the release because it has a newer one of their kind."""
        if self.release is None:
            return ()
        explained = {refusal.subject for refusal in self.refusals}
        taken = {unit["name"] for unit in self.release["units"].values()}
        passed = [report["unit"]["name"] for report in self.reports if report["verdict"] == "pass"]
        return tuple(name for name in passed if name not in taken | explained)


def fuse(
    manifests: Mapping[str, Path],
    policy: Path,
    output: Path,
    baseline: Path | None = None,
    *,
    more: Sequence[Path] = (),
) -> Fused:
    """The release that the manifests make under the policy, judged against a baseline release if there is one.

    Args:
        manifests: Manifest files by platform.
        policy: The policy file.
        output: The file of the release; URIs in it are relative to its folder.
        baseline: A release that this function made before.
        more: Manifest files of any platform.

    Raises:
        ContractError: A document is broken, or the baseline is not there as it says; every fault is listed.
        MissingError: A file is not there.
    """
    manifests = {**manifests, **{f"manifest {number}": path for number, path in enumerate(more, 1)}}
    documents = documents_of({**manifests, "policy": policy, **({"release": baseline} if baseline else {})})
    standing = Standing(path=baseline, document=documents["release"]) if baseline else None
    target = output.resolve().parent
    base = baseline.resolve().parent if baseline else target  # the baseline's URIs are relative to its folder
    fused = _run(documents, tuple(manifests.values()), standing, base, merge=True)
    return replace(fused, release=rebased(fused.release, base, target)) if fused.release else fused


def judge(manifest: Path, policy: Path, baseline: Path | None = None) -> Fused:
    """The reports and refusals of one manifest's units; no release is made of them.

    Args:
        manifest: The manifest to be judged.
        policy: The policy file.
        baseline: A release that `fuse` made, or the manifest that shipped what serves.

    Raises:
        ContractError: A document is broken, or the baseline is not there as it says; every fault is listed.
        MissingError: A file is not there.
    """
    documents = documents_of({"manifest": manifest, "policy": policy, **({"standing": baseline} if baseline else {})})
    standing = Standing(path=baseline, document=documents["standing"]) if baseline else None
    result = _run(documents, (manifest,), standing, manifest.resolve().parent, merge=False)
    first = "the baseline has no unit of this kind" if standing else "no baseline was given"
    return replace(result, reports=[_with_words(report, first) for report in result.reports])


def write(release: Mapping[str, Any], output: Path) -> None:
    """Write the release, readable by everybody, whole or not at all. A pipe or a device is written to, not replaced."""
    files.write(output, msgspec.json.format(canonical(release), indent=2) + b"\n", mode=0o644)


def answer(fused: Fused, output: Path, *, explain: bool) -> dict[str, Any]:
    """What a command prints about a fusion, as JSON."""
    summary = {
        "release": fused.release["name"] if fused.release else None,
        "output": str(output) if fused.release else None,
        "refusals": [{"subject": refusal.subject, "why": refusal.why} for refusal in fused.refusals],
        "passed_over": list(fused.passed_over),
        "unknown_fields": list(fused.unknown_fields),
    }
    return {**summary, "reports": list(fused.reports)} if explain else summary


def lines(fused: Fused, output: Path, *, explain: bool) -> Iterator[str]:
    """What a command prints about a fusion, as lines."""
    for report in fused.reports if explain else ():
        yield f"{report['unit']['name']}: {report['verdict']}"
        for finding in report["findings"]:
            yield f"  {finding['verdict']:12} {finding['gate']}: {finding['reason']}"
    for name in fused.passed_over:
        yield f"{name} passed, but is left out: of each kind the release takes the newest unit"
    if fused.release:
        yield f"{fused.release['name']}: {fused.release['change']['why']} Written to {output}"


def _run(
    documents: Mapping[str, Any], manifests: Sequence[Path], standing: Standing | None, base: Path, *, merge: bool
) -> Fused:
    """The result of the manifests in a temporary home that reads only their folders."""
    earlier = standing.manifests if standing else ()
    folders = tuple({path.resolve().parent for path in (*manifests, *earlier)})
    times = (document["produced_at"] for document in documents.values() if document["schema"] == MANIFEST)
    now = max(times, key=instant.microseconds)
    with temporary_home(folders, base, _STEPS) as home:
        policy = documents["policy"]
        home.ports.store.keep(names.policy(policy["version"]), canonical(policy))
        if standing is not None:
            baseline_events = [event for path in earlier for event in _validate(home, relative(path, base), now)]
            _serve(home, policy["channel"], standing, [refusal.why for refusal in _refusals(baseline_events)], now)
        announced = [event for path in manifests for event in _gate(home, relative(path, base), now)]
        if merge:
            announced += _merge(home, now)
        return replace(_fused(home, announced), unknown_fields=policy_field_warnings(policy))


def _fused(home: LocalHome, announced: Sequence[Event]) -> Fused:
    store = home.ports.store
    assembled = next((event for event in announced if event.type == events.RELEASE_ASSEMBLED), None)
    body = store.read(names.release(assembled.subject)) if assembled else None
    return Fused(
        release=msgspec.json.decode(body) if body else None,
        refusals=_refusals(announced),
        reports=[msgspec.json.decode(store.read(name) or b"{}")["report"] for name in store.names(names.REPORTS)],
    )


def _refusals(announced: Sequence[Event]) -> Sequence[Refusal]:
    by_event = {
        event.id: Refusal(subject=event.subject, why=event.data["why"], by_gate=event.type in _OF_GATES)
        for event in announced
        if event.type in events.REFUSALS
    }
    return tuple(by_event.values())


def _with_words(report: Mapping[str, Any], first: str) -> Mapping[str, Any]:
    """The report, with `first` as the reason why a unit has no baseline: here nobody knows what serves."""
    findings = [{**finding, "reason": finding["reason"].replace(FIRST, first)} for finding in report["findings"]]
    return {**report, "findings": findings}


def _validate(home: LocalHome, place: str, now: str) -> Sequence[Event]:
    """Validate a manifest, and return the events. No step receives them, so that a passing unit starts no merge."""
    event = _event(events.ARTIFACT_COMPLETED, place, now, {"manifest_uri": place})
    outcome = handle("validate", event, home.ports, now)
    home.bus.drain(lambda *_: None)
    return outcome.events


def _gate(home: LocalHome, place: str, now: str) -> Iterator[Event]:
    """Validate a manifest and judge its units; yields the events."""
    for event in _validate(home, place, now):
        yield event
        if event.type == events.UNIT_ACCEPTED:
            yield from handle("gate", event, home.ports, now).events
            home.bus.drain(lambda *_: None)


def _merge(home: LocalHome, now: str) -> Sequence[Event]:
    """Merge, deliver the resulting events, and return all events."""
    announced: list[Event] = []

    def deliver(step: str, event: Event) -> None:
        announced.extend(handle(cast("StepName", step), event, home.ports, now).events)

    home.bus.announce([_event(events.TICK_MERGE, "by hand", now, {})])
    home.bus.drain(deliver)
    if dead := home.bus.dead():
        raise FederationError(f"{dead[0].step} could not handle {dead[0].event.subject}: {dead[0].failure}")
    return announced


def _serve(home: LocalHome, channel: str, standing: Standing, refused: Sequence[str], now: str) -> None:
    """Make the baseline the serving release."""
    store = home.ports.store
    entry = standing.entry(store, refused, now)
    if standing.document["schema"] != MANIFEST:
        store.keep(names.release(entry.name), canonical(standing.document))
    cause = Cause(event=entry.digest, at=now, who="fuse", why="given as the baseline")
    store.move(channel, 0, canonical(channels.promote(channels.Channel(name=channel), entry, cause, warm=1).document()))


def _event(type_: str, subject: str, now: str, data: Mapping[str, Any]) -> Event:
    return events.step_event("offline", type_, subject, time=instant.text(instant.moment(now)), key=subject, data=data)
