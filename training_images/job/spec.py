# SPDX-License-Identifier: Apache-2.0
"""Everything that a trainer needs to know about its platform."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from training_images.job.errors import ConfigError
from training_images.job.settings import Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class JobSpec:
    """One job.

    Args:
        platform: The platform's name in the manifest: aws, gcp, hf, kubernetes, local.
        name: The job's name on its platform.
        kind: Kind of the ordered unit, if the policy launched the job.
        settings: The job's settings.
        channels: Input folders, by name.
        output: Folder of the finished unit; empty until everything is done.
        upload: URI that the finished unit is pushed to; None if the platform copies the folder.
        checkpoints: Folder that survives an interruption.
        failure: File for one sentence.
        image: The image's digest, if the platform states it.
        machine: The platform's name for the machine.
        region: The machine's region, which is also the data's.
        rank: Number of this process.
        world: Number of processes.
        master: Host of the first process.
    """

    platform: str
    name: str
    kind: str | None
    settings: Settings
    channels: Mapping[str, Path] = field(default_factory=dict)
    output: Path
    upload: str | None = None
    checkpoints: Path
    failure: Path
    image: str | None = None
    machine: str
    region: str
    rank: int = 0
    world: int = 1
    master: str | None = None

    def channel(self, name: str) -> Path:
        """The folder of a channel.

        Raises:
            ConfigError: The channel was not given, or is empty.
        """
        folder = self.channels.get(name)
        if folder is None:
            names = ", ".join(sorted(self.channels)) or "none"
            raise ConfigError(
                f"the channel {name} is not given (there are: {names}); name it as --channel.{name} FOLDER"
            )
        if not folder.exists() or (folder.is_dir() and next(folder.iterdir(), None) is None):
            raise ConfigError(f"the channel {name} is empty: nothing lies at {folder}")
        return folder
