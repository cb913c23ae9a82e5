# SPDX-License-Identifier: Apache-2.0
"""Where do a job's inputs lie, and in which region does it run, whoever runs it?"""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from training_images.job.errors import ConfigError
from training_images.job.settings import Settings

BAKED: Final = Path("opt/federation/channels")
"""What an image brings along: a folder a channel."""
SCRATCH: Final = Path("tmp/federation")
"""Where a platform that names no folder of its own lets anybody write."""
_REGIONS: Final = ("AWS_REGION", "AWS_DEFAULT_REGION", "CLOUD_ML_REGION", "FEDERATION_REGION")


def channels(root: Path, settings: Settings, mounted: Mapping[str, Path]) -> dict[str, Path]:
    """Folders by channel: what a setting names counts before what the platform mounted, and that before the image's own.

    Args:
        root: Where the machine's files begin; `/` but in trials.
        settings: `channel.<name>` is a folder, or a `gs://` URI where buckets are mounted below /gcs.
        mounted: What the platform mounted.
    """
    baked = root / BAKED
    own = {folder.name: folder for folder in baked.iterdir()} if baked.is_dir() else {}
    named = {name: local(root, value) for name, value in settings.below("channel.").items()}
    return {**own, **mounted, **named}


def local(root: Path, place: str) -> Path:
    """The path of a folder that was named as a path or as `gs://bucket/key`, which Vertex mounts at /gcs/bucket/key.

    Raises:
        ConfigError: It is at no place that a container sees.
    """
    if place.startswith("gs://"):
        return root / "gcs" / place.removeprefix("gs://").rstrip("/")
    if "://" in place:
        raise ConfigError(f"{place} is not mounted here; mount it and name the folder")
    return Path(place) if not place.startswith("/") else root / place.lstrip("/")


def region(told: str | None, settings: Settings, environment: Mapping[str, str]) -> str:
    """The region, from the setting, the policy or the platform.

    Raises:
        ConfigError: Nobody says, and a unit that cannot say where its data lay is rejected.
    """
    found = settings.given.get("region") or told or next(filter(None, map(environment.get, _REGIONS)), None)
    if found is None:
        raise ConfigError(
            "nobody says in which region this runs, and a unit must say where its data lay: give --region"
        )
    return found
