# SPDX-License-Identifier: Apache-2.0
"""What does a trainer need to know of the platform that it runs on? This, and nothing else of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from training_images.job.errors import ConfigError
from training_images.job.settings import Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class JobSpec:
    """One job.

    Args:
        platform: As the manifest names it: aws, gcp, hf, kubernetes, local.
        name: The job as its platform names it.
        kind: Of the unit that is asked for, where the job was launched by the policy.
        settings: What it was told to do.
        channels: Folders of input, by name.
        output: Folder of the finished unit; nothing appears in it before everything is done.
        upload: Where a finished unit is pushed to, as a URI, on platforms that carry nothing away by themselves.
        checkpoints: Folder that survives an interruption.
        failure: File for one sentence.
        image: The image by digest, as far as the platform tells.
        machine: The platform's name for the machine.
        region: Where it stands, and the data with it.
        rank: Which of `world` processes this one is.
        world: How many there are.
        master: Host of the first of them.
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
            ConfigError: It was not given, or holds nothing.
        """
        folder = self.channels.get(name)
        if folder is None:
            known = ", ".join(sorted(self.channels)) or "none"
            raise ConfigError(
                f"the channel {name} is not given (there are: {known}); name it as --channel.{name} FOLDER"
            )
        if not folder.exists() or (folder.is_dir() and next(folder.iterdir(), None) is None):
            raise ConfigError(f"the channel {name} is empty: nothing lies at {folder}")
        return folder
