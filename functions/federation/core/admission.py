# SPDX-License-Identifier: Apache-2.0
"""May a unit be accepted? Checks its name, platform, data residency and files against the policy and its manifest."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Final

import msgspec

from federation.core.manifest import File, Unit
from federation.core.policy import Policy

_PLATFORM_OF: Final[Mapping[str, str]] = {"sagemaker": "aws", "vertex": "gcp", "huggingface": "hf"}
"""The platform of each provider whose events prove who sent them. A bucket's event proves nothing."""
_BUCKETS: Final = frozenset({"s3", "gcs"})
_REVISION: Final = re.compile("@[^/]*")
_LOCAL: Final = frozenset({"", "local"})
"""The providers of a person ("") and of a job in this home. Their manifests are believed about the platform."""


class StoredFile(msgspec.Struct, frozen=True, kw_only=True):
    """A file in storage: its SHA-256 in hexadecimal and its size in bytes."""

    sha256: str
    bytes: int


def manifest_faults(unit: Unit, platform: str, policy: Policy) -> tuple[str, ...]:
    """Every reason to reject the unit that its manifest alone gives, before any file is read.

    Args:
        unit: As its manifest states it.
        platform: The platform that ships it.
        policy: Gives the matrix and the organisation.
    """
    return (*_name_faults(unit, policy), *_matrix_faults(unit, platform, policy), *egress_faults(unit, platform))


def egress_faults(unit: Unit, platform: str) -> Iterator[str]:
    """Every sign that raw training data left the platform where it is stored."""
    if unit.residency.raw_data_left:
        yield f"{unit.name} says that raw training data left {platform}; only artifacts and metrics may leave"
    for dataset in unit.residency.datasets:
        if dataset.platform != platform:
            yield f"{unit.name} was trained on {platform} with data set {dataset.name}, which is on {dataset.platform}"


def origin_faults(platform: str, uri: str, provider: str, policy: Policy) -> tuple[str, ...]:
    """Every reason to doubt that a manifest was shipped by the platform that it names.

    Args:
        platform: The platform, as the manifest says.
        uri: Where the manifest is stored.
        provider: Who reported the manifest; "" for a person.
        policy: Says where each platform's units are stored.
    """
    return (*_sender_faults(platform, provider), *_location_faults(platform, uri, policy))


def _sender_faults(platform: str, provider: str) -> Iterator[str]:
    """A fault if the event cannot speak for the platform.

    An event that proves its platform may report only that platform's units. For a platform with such events, no other
    provider is believed, except a bucket, a person, or a job that ran in this home.
    """
    by = _PLATFORM_OF.get(provider, provider)
    own = provider in _PLATFORM_OF or platform in _PLATFORM_OF.values()
    if own and platform != by and provider not in _BUCKETS | _LOCAL:
        yield f"the manifest names platform {platform}, but the event comes from {by}"


def _location_faults(platform: str, uri: str, policy: Policy) -> Iterator[str]:
    """A fault if the manifest is stored outside its platform's origins.

    Write access to one platform's bucket must not allow anybody to ship for another. A path on this machine is not
    checked, because a person named it.
    """
    origins = policy.origins.get(platform, ())
    if origins and "://" in uri and not _without_revision(uri).startswith(tuple(origins)):
        yield f"the manifest names platform {platform}, which may ship from {' or '.join(origins)}, but it is at {uri}"


def _without_revision(uri: str) -> str:
    """The URI without the revision of a Hub repository: every revision has the same origin."""
    return _REVISION.sub("", uri, count=1) if uri.startswith("hf://") else uri


def integrity_faults(unit: Unit, observed: Mapping[str, StoredFile]) -> Iterator[str]:
    """A fault for each file whose size or SHA-256 is not what the manifest says.

    Args:
        unit: As its manifest states it.
        observed: The files in storage, by path; a path without a file is absent.
    """
    for file in files_of(unit):
        actual = observed.get(file.path)
        if actual and actual.bytes != file.bytes:
            yield f"{file.path} has {actual.bytes} bytes, but the manifest says {file.bytes}"
        elif actual and actual.sha256 != file.sha256:
            yield f"{file.path} has sha256 {actual.sha256}, but the manifest says {file.sha256}"


def missing(unit: Unit, observed: Mapping[str, StoredFile]) -> tuple[str, ...]:
    """The unit's paths at which there is no file yet."""
    return tuple(file.path for file in files_of(unit) if file.path not in observed)


def files_of(unit: Unit) -> tuple[File, ...]:
    """Every file of the unit: what it ships, and the records behind its evidence."""
    return (*unit.files, *unit.evidence_files())


def _name_faults(unit: Unit, policy: Policy) -> Iterator[str]:
    if unit.org != policy.org:
        yield f"{unit.name} belongs to {unit.org}, but this policy governs {policy.org}"
    if unit.name != f"{unit.org}/{unit.kind}-v{unit.number}":
        yield f"{unit.name} is of kind {unit.kind}, so its name must be {unit.org}/{unit.kind}-v{unit.number}"
    for path, times in Counter(file.path for file in unit.files).items():
        if times > 1:
            yield f"{unit.name} lists {path} more than once"


def _matrix_faults(unit: Unit, platform: str, policy: Policy) -> Iterator[str]:
    allowed = policy.matrix.get(platform)
    if allowed is None:
        yield f"{platform} may ship nothing: the policy's matrix lists only {', '.join(sorted(policy.matrix))}"
    elif unit.kind not in allowed:
        yield f"{platform} may not ship {unit.kind}: the policy's matrix allows it only {', '.join(sorted(allowed))}"
