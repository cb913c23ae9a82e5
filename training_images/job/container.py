# SPDX-License-Identifier: Apache-2.0
"""How does a job run on platforms that tell the image nothing: HF Jobs, Kubernetes, a local process?

Such a job knows only what Federation passes on, and uploads its unit itself. HF Jobs name no folder
(https://huggingface.co/docs/huggingface_hub/guides/jobs). On Kubernetes, a pod's last words go into
/dev/termination-log; the ranks of an Indexed Job, a PyTorchJob (Training Operator v1) and a TrainJob (Trainer v2, PET_
variables) are all understood.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from training_images.job import places
from training_images.job.errors import ConfigError
from training_images.job.prices import UNKNOWN
from training_images.job.request import JobRequest, asked
from training_images.job.spec import JobSpec

LAST_WORDS: Final = Path("dev/termination-log")
_WITHOUT_PODS: Final = frozenset({"hf", "local"})
"""Platforms on which nobody reads a pod's last words."""
_RANK: Final = ("PET_NODE_RANK", "RANK", "JOB_COMPLETION_INDEX")
_WORLD: Final = ("PET_NNODES", "WORLD_SIZE")
"""PyTorchJob sets both: the number of pods, and the number of processes in all pods together (nprocPerNode)."""
_IN_TORCHRUN: Final = "TORCHELASTIC_RUN_ID"
"""torchrun sets it for its processes. Then each has its own RANK, while the PET_ variables are about all of them."""
_MASTER: Final = ("MASTER_ADDR", "PET_MASTER_ADDR")


def spec(root: Path, environment: Mapping[str, str], arguments: Sequence[str]) -> JobSpec:
    """The job's specification. Without Federation it is a process on this machine, `local`."""
    request = asked(environment, arguments)
    platform = request.text("platform") or request.settings.text("platform", "local")
    output, upload = _output(root, request, platform)
    home = output.parent if upload is None else root / places.SCRATCH
    return JobSpec(
        platform=platform,
        name=request.name or environment.get("HOSTNAME") or "by-hand",
        kind=request.text("kind"),
        settings=request.settings,
        channels=places.channels(root, request.settings, {}),
        output=output,
        upload=upload,
        checkpoints=places.local(root, request.settings.text("checkpoints", str(home / "checkpoints"))),
        failure=_failure(root, platform, home),
        image=request.text("image"),
        machine=request.text("machine") or request.settings.text("machine", UNKNOWN),
        region=places.region(request.text("region"), request.settings, environment),
        rank=_whole_number(environment, _RANK, 0),
        world=_whole_number(environment, _WORLD, request.world),
        master=_first(environment, _MASTER),
    )


def _output(root: Path, request: JobRequest, platform: str) -> tuple[Path, str | None]:
    """The unit's folder, and the URI that it is pushed to, or None."""
    output = request.settings.given.get("output") or request.text("output")
    if output is None and platform != "local":
        raise ConfigError("nobody says where the unit goes; give --output, or `output` in the policy's job")
    if output is None or "://" not in output:
        return places.local(root, output or "unit"), None
    return root / places.SCRATCH / "unit", f"{output.rstrip('/')}/{request.name}" if request.name else output


def _failure(root: Path, platform: str, home: Path) -> Path:
    """The file for the job's last words. A cluster may have another platform name than kubernetes."""
    words = root / LAST_WORDS
    in_pod = platform == "kubernetes" or (platform not in _WITHOUT_PODS and words.exists())
    return words if in_pod else home / "failure.txt"


def _whole_number(environment: Mapping[str, str], names: Sequence[str], default: int) -> int:
    """The number in the first of these variables that is set, or the default if none is."""
    for name in names[1:] if _IN_TORCHRUN in environment else names:
        if text := environment.get(name):
            if not text.isdecimal():
                raise ConfigError(
                    f"{name} is {text!r}, and no whole number: a job takes as many machines as it was started with, so "
                    "start it without an elastic policy"
                )
            return int(text)
    return default


def _first(environment: Mapping[str, str], names: Sequence[str]) -> str | None:
    return next(filter(None, map(environment.get, names)), None)
