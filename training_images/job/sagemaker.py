# SPDX-License-Identifier: Apache-2.0
"""How does SageMaker run a training image? By `docker run IMAGE train`, with all folders below /opt/ml.

https://docs.aws.amazon.com/sagemaker/latest/dg/your-algorithms-training-algo.html: hyperparameters are a JSON object of
texts, channels are in input/data, the content of model/ is copied to S3, and the first 1,024 characters of
output/failure become the FailureReason. The toolkit's SM_ variables are missing unless an image includes the toolkit.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import msgspec

from training_images.job import places
from training_images.job.errors import ConfigError
from training_images.job.prices import UNKNOWN
from training_images.job.request import asked
from training_images.job.settings import from_hyperparameters
from training_images.job.spec import JobSpec

HOME: Final = Path("opt/ml")
FAILURE: Final = HOME / "output" / "failure"
_CONFIGURATION: Final = HOME / "input" / "config"


def runs(root: Path, environment: Mapping[str, str]) -> bool:
    """Whether this is a training job of SageMaker."""
    return "TRAINING_JOB_NAME" in environment or (root / _CONFIGURATION / "hyperparameters.json").exists()


def spec(root: Path, environment: Mapping[str, str], arguments: Sequence[str]) -> JobSpec:
    """The specification of a training job."""
    request = asked(environment, arguments)
    settings = from_hyperparameters(_configuration(root, "hyperparameters")).over(request.settings)
    home, cluster = root / HOME, _configuration(root, "resourceconfig")
    hosts = sorted(cluster.get("hosts", ["algo-1"]))
    data = home / "input" / "data"
    mounted = {folder.name: folder for folder in data.iterdir() if folder.is_dir()} if data.is_dir() else {}
    return JobSpec(
        platform="aws",
        name=environment.get("TRAINING_JOB_ARN") or environment.get("TRAINING_JOB_NAME") or request.name or "by-hand",
        kind=request.text("kind"),
        settings=settings,
        channels=places.channels(root, settings, mounted),
        output=home / "model",
        checkpoints=home / "checkpoints",
        failure=root / FAILURE,
        image=request.text("image"),
        machine=str(request.text("machine") or cluster.get("current_instance_type") or UNKNOWN),
        region=places.region(request.text("region"), settings, environment),
        rank=hosts.index(cluster.get("current_host", hosts[0])),
        world=len(hosts),
        master=hosts[0],
    )


def _configuration(root: Path, name: str) -> dict[str, Any]:
    path = root / _CONFIGURATION / f"{name}.json"
    try:
        return msgspec.json.decode(path.read_bytes(), type=dict[str, Any]) if path.exists() else {}
    except msgspec.MsgspecError as error:
        raise ConfigError(f"{path.name} is no JSON object: {error}") from error
