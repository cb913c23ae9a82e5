# SPDX-License-Identifier: Apache-2.0
"""What is the base model of an adapter called, and is it the one that the job, or a shipped adapter, needs?"""

from dataclasses import dataclass

from training_images.job.errors import ConfigError
from training_images.job.spec import JobSpec
from training_images.job.unit_folder import Shipped


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """The base model that an image expects.

    Args:
        name: Its name on the Hub.
        digest: Digest of its weights, as the image's own command unpacks them.
    """

    name: str
    digest: str


def named_base(spec: JobSpec, digest: str, usual: Known) -> str:
    """The base model's name for the adapter's config and its card.

    Args:
        spec: The job. Its settings may give `base_name`, and `base_digest` to accept only those weights.
        digest: Digest of the mounted weights.
        usual: The base model if the job names none.

    Raises:
        ConfigError: The weights are not those that the job needs, or are unusual ones without a name.
    """
    expected, named = (spec.settings.given.get(name) for name in ("base_digest", "base_name"))
    if expected and expected != digest:
        raise ConfigError(f"the base model is {digest}, and this job is for {expected}: mount that one")
    if not named and digest != usual.digest:
        raise ConfigError(
            f"the base model is {digest}, and not {usual.name} as this image knows it: mount that one, or say which it "
            "is, for the adapter and its card: give --base_name OWNER/NAME"
        )
    return named or usual.name


def refuse_another_base(unit: Shipped, digest: str) -> None:
    """Check that a shipped adapter was made for the mounted weights; on others its answers would be different ones.

    Raises:
        ConfigError: It was made for other weights.
    """
    stated = unit.contract.get("base_model")
    if stated != digest:
        raise ConfigError(
            f"{unit.name} was made for the base model {stated}, and {digest} is mounted: give the channel base the one that "
            "it was made for"
        )
