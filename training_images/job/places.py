# SPDX-License-Identifier: Apache-2.0
"""A job's input folders and its region, on any platform."""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from training_images.job.errors import ConfigError
from training_images.job.settings import Settings

BAKED: Final = Path("opt/federation/channels")
"""Inputs that an image contains: one folder per channel."""
SCRATCH: Final = Path("tmp/federation")
"""A folder that everybody may write to, for platforms that name none."""
_REGIONS: Final = ("AWS_REGION", "AWS_DEFAULT_REGION", "CLOUD_ML_REGION", "FEDERATION_REGION")


def channels(root: Path, settings: Settings, mounted: Mapping[str, Path]) -> dict[str, Path]:
    """Folders by channel. A setting overrides the platform's mount, which overrides the image's folder.

    Args:
        root: Root of the machine's files; `/` except in trials.
        settings: `channel.<name>` is a folder, or a `gs://` URI if buckets are mounted below /gcs.
        mounted: The folders that the platform mounted.
    """
    baked = root / BAKED
    built_in = {folder.name: folder for folder in baked.iterdir()} if baked.is_dir() else {}
    chosen = {name: local(root, value) for name, value in settings.below("channel.").items()}
    return {**built_in, **mounted, **chosen}


def local(root: Path, place: str) -> Path:
    """The path of a folder given as a path or as `gs://bucket/key`, which Vertex mounts at /gcs/bucket/key.

    Raises:
        ConfigError: The place is not visible in a container.
    """
    if place.startswith("gs://"):
        return root / "gcs" / place.removeprefix("gs://").rstrip("/")
    if "://" in place:
        raise ConfigError(f"{place} is not mounted here; mount it and name the folder")
    return Path(place) if not place.startswith("/") else root / place.lstrip("/")


def region(policy_region: str | None, settings: Settings, environment: Mapping[str, str]) -> str:
    """The region, from the settings, the policy or the platform.

    Raises:
        ConfigError: None of them states it; a unit that cannot say where its data lay is rejected.
    """
    name = settings.given.get("region") or policy_region or next(filter(None, map(environment.get, _REGIONS)), None)
    if name is None:
        raise ConfigError(
            "nobody says in which region this runs, and a unit must say where its data lay: give --region"
        )
    return name
