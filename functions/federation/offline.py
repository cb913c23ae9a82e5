# SPDX-License-Identifier: Apache-2.0
"""Three manifests and nothing else: which release do they make, or why none?

The same steps as everywhere run in memory up to the assembled release. Nothing is promoted, and nothing is written but
the output, whole or not at all.
"""

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from federation.core import channel as channels
from federation.core import contract, instant, names, strict_json
from federation.core import event as events
from federation.core.digest import canonical, digest
from federation.core.event import Event
from federation.core.move import Cause
from federation.core.policy import policy_of
from federation.errors import ContractError, FederationError, MissingError, ServiceError
from federation.local.files import replace
from federation.wiring.local import LocalHome, temporary_home

REFUSING = frozenset(
    {
        events.ARTIFACT_REJECTED,
        events.ARTIFACT_WAITING,
        events.UNIT_REJECTED,
        events.UNIT_REFUSED,
        events.UNIT_INCONCLUSIVE,
        events.MERGE_SKIPPED,
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """One reason why something does not go on: what it is about, and why in a sentence."""

    subject: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Fused:
    """The release, if there is one; every refusal on the way; every report."""

    release: Mapping[str, Any] | None
    refusals: Sequence[Refusal]
    reports: Sequence[Mapping[str, Any]]


def fuse(manifests: Mapping[str, Path], policy: Path, output: Path, baseline: Path | None = None) -> Fused:
    """The release that the manifests make under the policy, judged against a baseline release if there is one.

    Args:
        manifests: Manifest files by platform.
        policy: The policy file.
        output: The file of the release; URIs in it are relative to its folder.
        baseline: A release that this function made before.

    Raises:
        ContractError: A document is broken; every fault of every file is listed.
        MissingError: A file is not there.
    """
    documents = _documents({**manifests, "policy": policy}, baseline)
    return _run(documents, tuple(manifests.values()), baseline, output.resolve().parent, merge=True)


def judge(manifest: Path, policy: Path, baseline: Path | None = None) -> Fused:
    """The reports and refusals of one manifest's units; no release is made of them.

    Raises:
        ContractError: A document is broken; every fault of every file is listed.
        MissingError: A file is not there.
    """
    documents = _documents({"manifest": manifest, "policy": policy}, baseline)
    return _run(documents, (manifest,), baseline, manifest.resolve().parent, merge=False)


def write(release: Mapping[str, Any], output: Path) -> None:
    """Write the release for everybody to read, whole or not at all."""
    body = msgspec.json.format(canonical(release), indent=2) + b"\n"
    try:
        replace(output.resolve(), body)
        output.chmod(0o644)
    except FileNotFoundError as error:
        raise MissingError(f"the folder of {output} does not exist; make it first") from error
    except OSError as error:
        raise ServiceError(f"{output} cannot be written: {error.strerror}") from error


def answer(fused: Fused, output: Path, *, explain: bool) -> dict[str, Any]:
    """What a command prints about a fusion, as JSON."""
    told = {
        "release": fused.release["name"] if fused.release else None,
        "output": str(output) if fused.release else None,
        "refusals": [{"subject": one.subject, "why": one.why} for one in fused.refusals],
    }
    return {**told, "reports": list(fused.reports)} if explain else told


def lines(fused: Fused, output: Path, *, explain: bool) -> Iterator[str]:
    """What a command prints about a fusion, as lines."""
    for report in fused.reports if explain else ():
        yield f"{report['unit']['name']}: {report['verdict']}"
        for finding in report["findings"]:
            yield f"  {finding['verdict']:12} {finding['gate']}: {finding['reason']}"
    if fused.release:
        yield f"{fused.release['name']}: {fused.release['change']['why']} Written to {output}"


def _documents(paths: Mapping[str, Path], baseline: Path | None) -> dict[str, Any]:
    """Every document, or one error with every fault of every file."""
    found: dict[str, Any] = {}
    faults: list[str] = []
    for name, path in ({**paths, "baseline": baseline} if baseline else paths).items():
        try:
            found[name] = _document(name, path)
        except ContractError as error:
            faults += [f"{path}: {fault}" for fault in error.faults or (error.what,)]
    if faults:
        raise ContractError(f"{len(faults)} faults in what was given", tuple(faults))
    return found


def _document(name: str, path: Path) -> Any:
    document = strict_json.document(_bytes(path), what=str(path))
    if name == "policy":
        policy_of(document, what=str(path))
    elif name == "baseline":
        contract.check("release.v1", document, what=str(path))
    else:
        contract.check("manifest.v1", document, what=str(path))
        if found := tuple(_misplaced(name, document)):
            raise ContractError(str(path), found)
    return document


def _misplaced(name: str, manifest: Mapping[str, Any]) -> Iterator[str]:
    """Faults that the schema cannot express: another platform than the one asked for, or a time that does not exist."""
    if name not in {"manifest", manifest["platform"]}:
        yield f"$.platform: expected {name!r} here, found {manifest['platform']!r}"
    try:
        instant.moment(manifest["produced_at"])
    except ContractError as error:
        yield f"$.produced_at: {error.what}"


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError as error:
        raise MissingError(f"there is no file {path}") from error
    except OSError as error:
        raise MissingError(f"{path} cannot be read: {error.strerror}") from error


def _relative(path: Path, base: Path) -> str:
    return f"./{Path(os.path.relpath(path.resolve(), base)).as_posix()}"


def _earlier(baseline: Path, release: Mapping[str, Any], base: Path) -> list[str]:
    """The manifests of the baseline's units, relative to the new base."""
    return sorted({_relative(baseline.resolve().parent / one["manifest"], base) for one in release["units"].values()})


def _run(
    documents: Mapping[str, Any], manifests: Sequence[Path], baseline: Path | None, base: Path, *, merge: bool
) -> Fused:
    """The result of the manifests in a temporary home that reads only their folders."""
    places = [_relative(path, base) for path in manifests]
    serving = documents.get("baseline")
    earlier = _earlier(baseline, serving, base) if baseline and serving else []
    folders = tuple({(base / place).resolve().parent for place in (*places, *earlier)})
    times = (found["produced_at"] for found in documents.values() if found["schema"] == "manifest.v1")
    now = max(times, key=instant.microseconds)
    with temporary_home(folders, base) as home:
        policy = documents["policy"]
        home.ports.store.keep(names.policy(policy["version"]), canonical(policy))
        if serving is not None:
            _feed(home, earlier, now)
            _serve(home, policy["channel"], serving, now)
        before = frozenset(home.ports.store.names(names.REPORTS))
        told = _feed(home, places, now)
        if merge:
            home.bus.announce([_event(events.TICK_MERGE, "by hand", now, {})])
            told += _settled(home, now)
        return _fused(home, told, before)


def _fused(home: LocalHome, told: Sequence[Event], before: frozenset[str]) -> Fused:
    store = home.ports.store
    assembled = next((event for event in told if event.type == events.RELEASE_ASSEMBLED), None)
    body = store.read(names.release(assembled.subject)) if assembled else None
    refusals = {
        event.id: Refusal(subject=event.subject, why=event.data["why"]) for event in told if event.type in REFUSING
    }
    reports = [name for name in store.names(names.REPORTS) if name not in before]
    return Fused(
        release=msgspec.json.decode(body) if body else None,
        refusals=tuple(refusals.values()),
        reports=[msgspec.json.decode(store.read(name) or b"{}")["report"] for name in reports],
    )


def _feed(home: LocalHome, places: Sequence[str], now: str) -> list[Event]:
    for place in places:
        home.bus.announce([_event(events.ARTIFACT_COMPLETED, place, now, {"manifest_uri": place})])
    return _settled(home, now)


def _settled(home: LocalHome, now: str) -> list[Event]:
    """Every event that the steps announced until nothing was left to do."""
    carried = home.settle(lambda: now)
    if dead := home.bus.dead():
        raise FederationError(f"{dead[0].step} could not handle {dead[0].event.subject}: {dead[0].failure}")
    return [event for one in carried for event in one.outcome.events]


def _serve(home: LocalHome, channel: str, release: Mapping[str, Any], now: str) -> None:
    """Make the baseline the serving release."""
    home.ports.store.keep(names.release(release["name"]), canonical(release))
    entry = channels.entry_of(release, since=now, commit="by hand")
    cause = Cause(event=digest(release), at=now, who="fuse", why="given as the baseline")
    to = channels.promote(channels.Channel(name=channel), entry, cause, warm=1)
    home.ports.store.move(channel, 0, canonical(to.document()))


def _event(type_: str, subject: str, now: str, data: Mapping[str, Any]) -> Event:
    return Event(
        type=type_,
        source="//federation/offline",
        subject=subject,
        time=instant.text(instant.moment(now)),
        key=subject,
        data=data,
    )
