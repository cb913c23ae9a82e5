# SPDX-License-Identifier: Apache-2.0
"""How much does strictness cost between the bytes of a manifest and the decision to accept its units?

Ours: strict JSON, schema, frozen structs, admission, canonical bytes, digest. The floor does the least that gives the
same answer: orjson, jsonschema-rs, plain dictionaries. The usual way uses json, jsonschema and rfc8785 instead.
"""

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any

import jsonschema
import jsonschema_rs
import orjson
import rfc8785

from bench import manifests
from bench.goal import Goal
from bench.timing import interleaved, ratio, shown
from federation.core import admission, contract, strict_json
from federation.core.admission import StoredFile
from federation.core.digest import digest_of
from federation.core.manifest import manifest_of
from federation.core.policy import Policy

Answer = tuple[bool, str]
"""Whether every unit may be accepted, and the manifest's SHA-256."""
_ROUNDS = 21


def measure() -> Iterator[Goal]:
    """Two goals for each document."""
    documents = {
        "4 KB": manifests.with_more_files(4_096),
        "64 KB of files": manifests.with_more_files(65_536),
        "64 KB of units": manifests.with_more_units(65_536),
    }
    for name, body in documents.items():
        yield from _of(name, body)


def _of(name: str, body: bytes) -> Iterator[Goal]:
    policy, observed = manifests.policy(), manifests.observed(body)
    cases: dict[str, Callable[[], Answer]] = {
        "ours": partial(ours, body, policy, observed),
        "floor": partial(floor, Plain(policy, observed), body),
        "usual": partial(usual, Plain(policy, observed), body),
    }
    answers = {case: call() for case, call in cases.items()}
    if len(set(answers.values())) > 1 or not answers["ours"][0]:
        raise AssertionError(f"{name}: the ways disagree, so their times compare nothing: {answers}")
    found = interleaved(cases, rounds=_ROUNDS)
    numbers = {"bytes": f"{len(body):,}", **shown(found)}
    what = f"decide path, {name}"
    yield Goal(
        name=f"{what}, against orjson + jsonschema-rs",
        what="decode, schema, admission, canonical bytes, sha256",
        sense="at most",
        asked=2.0,
        measured=ratio(found, "ours", "floor"),
        numbers=numbers,
    )
    yield Goal(
        name=f"{what}, faster than json + jsonschema + rfc8785",
        what="the same with the usual libraries",
        sense="at least",
        asked=15.0,
        measured=ratio(found, "usual", "ours"),
        numbers=numbers,
    )


def ours(body: bytes, policy: Policy, observed: Mapping[str, StoredFile]) -> Answer:
    """What `receive` and `validate` do with a manifest, without their reads."""
    document, encoded = strict_json.document_and_bytes(body)
    contract.check("manifest.v1", document)
    manifest = manifest_of(document)
    stated = [f for unit in manifest.units for f in admission.manifest_faults(unit, manifest.platform, policy)]
    faults = [*stated, *(f for unit in manifest.units for f in admission.integrity_faults(unit, observed))]
    return not faults, digest_of(encoded)


def floor(plain: "Plain", body: bytes) -> Answer:
    """The least code that gives the same answer."""
    document = orjson.loads(body)
    good = plain.compiled.is_valid(document) and plain.admits(document)
    encoded = orjson.dumps(document, option=orjson.OPT_SORT_KEYS)
    return good, "sha256:" + hashlib.sha256(encoded).hexdigest()


def usual(plain: "Plain", body: bytes) -> Answer:
    """The same with the libraries that most people use."""
    document = json.loads(body)
    good = plain.walking.is_valid(document) and plain.admits(document)
    return good, "sha256:" + hashlib.sha256(rfc8785.dumps(document)).hexdigest()


class Plain:
    """Admission with plain dictionaries."""

    def __init__(self, policy: Policy, observed: Mapping[str, StoredFile]) -> None:
        schema = contract.schema_of("manifest.v1")
        self.compiled = jsonschema_rs.Draft202012Validator(schema)
        self.walking = jsonschema.Draft202012Validator(schema)
        self.org, self.matrix = policy.org, {platform: set(kinds) for platform, kinds in policy.matrix.items()}
        self.observed = {path: (found.sha256, found.bytes) for path, found in observed.items()}

    def admits(self, document: dict[str, Any]) -> bool:
        """Whether every unit may be accepted."""
        platform = document["platform"]
        return all(self._admits(unit, platform) for unit in document["units"])

    def _admits(self, unit: dict[str, Any], platform: str) -> bool:
        files = unit["files"]
        number = unit["name"].rpartition("-v")[2]
        return (
            unit["name"] == f"{self.org}/{unit['kind']}-v{number}"
            and len({file["path"] for file in files}) == len(files)
            and unit["kind"] in self.matrix[platform]
            and not unit["residency"]["raw_data_left"]
            and all(one["platform"] == platform for one in unit["residency"]["datasets"])
            and all(self._lies(file) for file in files)
            and all(self._lies(file) for file in _records(unit["evidence"]))
        )

    def _lies(self, file: dict[str, Any]) -> bool:
        return self.observed[file["path"]] == (file["sha256"], file["bytes"])


def _records(evidence: dict[str, Any]) -> list[dict[str, Any]]:
    measured = [evidence["quality"], evidence["latency"], *evidence["safety"].values()]
    against = evidence["latency"].get("against")
    return [entry["records"] for entry in (*measured, *((against,) if against else ()))]
