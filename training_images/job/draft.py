# SPDX-License-Identifier: Apache-2.0
"""Would the manifest's schema accept what is known of a job before it trains: its api, region, name and source?"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from federation.core import contract
from federation.core.instant import text
from federation.errors import ContractError
from training_images.job.errors import ConfigError
from training_images.job.spec import JobSpec

API: Final = "fusion-api-v1"
_DIGEST: Final = "0" * 64
_UNIT: Final = "$.units[0]."
"""Where the faults of the draft's only unit begin."""
_STATED: Final[Mapping[str, str]] = {
    "api": "--api",
    "residency.datasets[0].region": "--region",
    "provenance.job": "the job's name",
    "provenance.source": "FEDERATION_SOURCE",
    "provenance.image": "FEDERATION_IMAGE",
}
"""Who states a field of a unit."""


def api(spec: JobSpec) -> str:
    """The version of the fusion API that the unit is built for."""
    return spec.settings.text("api", API)


def provenance(spec: JobSpec, environment: Mapping[str, str]) -> dict[str, Any]:
    """Where a unit comes from, as far as it is known before training."""
    image = spec.image or environment.get("FEDERATION_IMAGE")
    return {
        "job": spec.name,
        "source": environment.get("FEDERATION_SOURCE") or "unknown",
        **({"image": image} if image else {}),
        "settings": spec.settings.without_places(),
    }


def refuse_unshippable(spec: JobSpec, environment: Mapping[str, str], now: datetime) -> None:
    """Check before training that the manifest will be valid, as far as the job itself decides that.

    Raises:
        ConfigError: The schema refuses something that the job states.
    """
    try:
        contract.check("manifest.v1", _draft(spec, environment, now))
    except ContractError as error:
        raise ConfigError(f"no unit of this job could be shipped: {'; '.join(map(_named, error.faults))}") from error


def _draft(spec: JobSpec, environment: Mapping[str, str], now: datetime) -> dict[str, Any]:
    place = {"platform": spec.platform, "region": spec.region}
    unit = {
        "name": "draft/draft-v1",
        "kind": "draft",
        "files": [{"path": "draft", "sha256": _DIGEST, "bytes": 0}],
        "contract": {},
        "api": api(spec),
        "evidence": {},
        "residency": {
            "raw_data_left": False,
            "datasets": [{"name": "draft", "digest": f"sha256:{_DIGEST}", **place}],
        },
        "provenance": provenance(spec, environment),
    }
    return {"schema": "manifest.v1", "platform": spec.platform, "produced_at": text(now), "units": [unit]}


def _named(fault: str) -> str:
    """The fault, with what states the field instead of the field's path."""
    path, colon, words = fault.partition(": ")
    return f"{_STATED.get(path.removeprefix(_UNIT), path)}{colon}{words}"
