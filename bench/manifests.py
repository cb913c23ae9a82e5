# SPDX-License-Identifier: Apache-2.0
"""Which manifests of 4 KB and of 64 KB are used to measure the steps?

A manifest of training/examples gets more shards of weights, or more versions of its units, until it reaches the size.
`json.dumps` encodes it, as in most jobs, so it is not canonical. Every document satisfies the schema.
"""

import hashlib
import json
from collections.abc import Mapping
from copy import deepcopy
from itertools import count
from pathlib import Path
from typing import Any

from bench.processes import ROOT
from federation.core import contract, strict_json
from federation.core.admission import StoredFile, files_of
from federation.core.manifest import manifest_of
from federation.core.policy import Policy, policy_of

EXAMPLES = ROOT / "training" / "examples"


def with_more_files(size: int) -> bytes:
    """The Hub's manifest with as many shards as fit into `size` bytes, as for large models."""
    document = _cut(size)
    units = document["units"]
    for number in count():
        files = units[number % len(units)]["files"]
        files.append(_shard(files[0]["path"], number))
        if len(_written(document)) > size:
            files.pop()
            return _checked(document)
    raise AssertionError


def with_more_units(size: int) -> bytes:
    """The Hub's manifest with as many versions of its units as fit into `size` bytes."""
    document = _cut(size)
    first = list(document["units"])
    for version in count(2):
        more = [{**deepcopy(unit), "name": f"{unit['name'].rpartition('-v')[0]}-v{version}"} for unit in first]
        if len(_written({**document, "units": [*document["units"], *more]})) > size:
            return _checked(document)
        document["units"].extend(more)
    raise AssertionError


def policy() -> Policy:
    """The policy of the examples."""
    return policy_of(strict_json.document((EXAMPLES / "policy.json").read_bytes()))


def observed(body: bytes) -> Mapping[str, StoredFile]:
    """What storage would report for every file of a manifest."""
    units = manifest_of(strict_json.document(body)).units
    files = [file for unit in units for file in files_of(unit)]
    return {file.path: StoredFile(sha256=file.sha256, bytes=file.bytes) for file in files}


def _cut(size: int) -> dict[str, Any]:
    document: dict[str, Any] = strict_json.document((EXAMPLES / "hf_manifest.json").read_bytes())
    if len(_written(document)) > size:
        document["units"] = document["units"][:1]
    return document


def _shard(path: str, number: int) -> dict[str, Any]:
    sha256 = hashlib.sha256(str(number).encode()).hexdigest()
    return {
        "path": f"{Path(path).parent.as_posix()}/shard-{number:05d}.safetensors",
        "sha256": sha256,
        "bytes": number + 1,
    }


def _checked(document: dict[str, Any]) -> bytes:
    contract.check("manifest.v1", document)
    return _written(document)


def _written(document: dict[str, Any]) -> bytes:
    return json.dumps(document).encode()
