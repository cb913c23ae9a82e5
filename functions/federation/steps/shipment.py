# SPDX-License-Identifier: Apache-2.0
"""What did a completed job ship: is there a usable manifest, and are all its files there?"""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from msgspec.structs import replace

from federation.core import admission, contract, instant, names, strict_json, uri
from federation.core.admission import StoredFile
from federation.core.digest import Digest, digest, digest_of
from federation.core.event import Event
from federation.core.manifest import Unit, manifest_of
from federation.core.policy import Policy
from federation.errors import ContractError
from federation.gathering import Reads


class Unusable(msgspec.Struct, frozen=True, kw_only=True):
    """A shipment that is rejected as a whole. Without a manifest, `manifest_digest` is empty."""

    uri: str
    manifest_digest: str = ""
    faults: Sequence[str]


class Incomplete(msgspec.Struct, frozen=True, kw_only=True):
    """A shipment without a manifest, or without the files at these paths of its manifest.

    `since` is when it was first found incomplete (RFC 3339, UTC), if it was. `unstored`: the event is not stored yet (it
    came through a relay), and has to be stored if it is to wait.
    """

    uri: str
    manifest_digest: str = ""
    missing: Sequence[str] = ()
    since: str | None
    unstored: bool


class ShippedUnit(msgspec.Struct, frozen=True, kw_only=True):
    """A unit of a manifest, and every reason to reject it that was found so far.

    `is_new`: its version is not stored yet.
    """

    unit: Unit
    document: Mapping[str, Any]
    digest: str
    faults: Sequence[str]
    is_new: bool


class Shipment(msgspec.Struct, frozen=True, kw_only=True):
    """A manifest whose files are all there, and what was observed of them, by path."""

    uri: str
    manifest_digest: str
    units: Sequence[ShippedUnit]
    observed: Mapping[str, StoredFile]


def read_shipment(event: Event, reads: Reads) -> Unusable | Incomplete | Shipment:
    """The shipment at the URI that the event names, and nowhere else. A URI that may not be read is a fault."""
    place = _manifest_uri(event, reads)
    try:
        body = reads.artifact(place, strict_json.MAX_BYTES) if place else None
    except ContractError as error:
        return Unusable(uri=place, faults=_faults_of(error))
    if body is None:
        return _incomplete(event, reads, place)
    try:
        document, encoded = strict_json.document_and_bytes(body, what=place)
        contract.check("manifest.v1", document, what=place)
    except ContractError as error:
        return Unusable(uri=place, faults=_faults_of(error), manifest_digest=digest_of(body))
    return _shipment(event, reads, place, document, digest_of(encoded))


def _manifest_uri(event: Event, reads: Reads) -> str:
    """The manifest's URI, if necessary from the job's platform; "" if nobody knows it yet."""
    if "manifest_uri" in event.data:
        return str(event.data["manifest_uri"])
    artifact = event.data.get("artifact_uri") or reads.located(str(event.data.get("resource", event.subject)))
    return uri.manifest(artifact) if artifact else ""


def _faults_of(error: ContractError) -> Sequence[str]:
    return error.faults or (error.what,)


def _shipment(
    event: Event, reads: Reads, place: str, document: Mapping[str, Any], manifest_digest: Digest
) -> Unusable | Incomplete | Shipment:
    """The units of a manifest and their files. Only the files of units that may be accepted are observed."""
    units = _stated_units(event, reads.policy(), place, document)
    paths = {file.path for shipped in units if not shipped.faults for file in admission.files_of(shipped.unit)}
    observed, faults = _observe(reads, place, sorted(paths))
    if faults:
        return Unusable(uri=place, manifest_digest=manifest_digest, faults=faults)
    units = [_compare_with_stored(shipped, reads) for shipped in units]
    if missing := [
        path for shipped in units if not shipped.faults for path in admission.missing(shipped.unit, observed)
    ]:
        return _incomplete(event, reads, place, manifest_digest, missing)
    return Shipment(uri=place, manifest_digest=manifest_digest, units=units, observed=observed)


def _stated_units(event: Event, policy: Policy, place: str, document: Mapping[str, Any]) -> Sequence[ShippedUnit]:
    """The units of a manifest, each with every reason to reject it without reading its files or the store."""
    platform, provider = str(document["platform"]), str(event.data.get("provider", ""))
    origin_faults = admission.origin_faults(platform, place, provider, policy)
    described = [
        (unit, {**raw, "platform": platform})
        for unit, raw in zip(manifest_of(document).units, document["units"], strict=True)
    ]
    return [
        ShippedUnit(
            unit=unit,
            document=description,
            digest=digest(description),
            faults=(*admission.manifest_faults(unit, platform, policy), *origin_faults),
            is_new=True,
        )
        for unit, description in described
    ]


def _observe(reads: Reads, place: str, paths: Sequence[str]) -> tuple[Mapping[str, StoredFile], Sequence[str]]:
    """What is at these paths beside the manifest, and why paths cannot be read."""
    observed: dict[str, StoredFile] = {}
    faults: list[str] = []
    for path in paths:
        try:
            if (file := reads.observe(uri.file_uri(uri.folder(place), path))) is not None:
                observed[path] = file
        except ContractError as error:
            faults.extend(_faults_of(error))
    return observed, faults


def _compare_with_stored(shipped: ShippedUnit, reads: Reads) -> ShippedUnit:
    """The unit, with a fault if its version is stored already and names other content."""
    stored = reads.earlier(names.version(shipped.unit.kind, shipped.unit.number))
    if stored is None:
        return shipped
    if stored["unit"] == shipped.digest:
        return replace(shipped, is_new=False)
    fault = f"{shipped.unit.name} already names {stored['unit']}; ship other content under the next version"
    return replace(shipped, is_new=False, faults=(*shipped.faults, fault))


def _incomplete(
    event: Event, reads: Reads, place: str, manifest_digest: str = "", missing: Sequence[str] = ()
) -> Incomplete:
    """The incomplete shipment, with the time when it was first found incomplete."""
    unstored = reads.document(names.event(event.id)) is None
    documents = [reads.document(name) for name in reads.names(f"{names.waiting(event.id)}/")]
    since = [str(document["decision"]["now"]) for document in documents if document]
    return Incomplete(
        uri=place,
        manifest_digest=manifest_digest,
        missing=missing,
        since=min(since, key=instant.moment, default=None),
        unstored=unstored,
    )
