# SPDX-License-Identifier: Apache-2.0
"""Checks that the base model is the one that the job or a shipped adapter needs, and returns its name."""

from dataclasses import dataclass

from training_images.job.errors import ConfigError
from training_images.job.spec import JobSpec
from training_images.job.unit_folder import ShippedUnit


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpectedBase:
    """The base model that an image expects.

    Args:
        name: Its name on the Hub.
        digest: Digest of its weights, as the image's own command unpacks them.
    """

    name: str
    digest: str


def named_base(spec: JobSpec, digest: str, usual: ExpectedBase) -> str:
    """The base model's name, for the adapter's config and card.

    Args:
        spec: The job. Its settings may give `base_name`, and `base_digest` to accept only those weights.
        digest: Digest of the mounted weights.
        usual: The base model of a job that does not name one.

    Raises:
        ConfigError: The weights are not those that the job needs, or they are not the usual ones and have no name.
    """
    expected, name = (spec.settings.given.get(key) for key in ("base_digest", "base_name"))
    if expected and expected != digest:
        raise ConfigError(f"the base model is {digest}, but this job is for {expected}: mount that one")
    if not name and digest != usual.digest:
        raise ConfigError(
            f"the base model is {digest}, which is not {usual.name} as this image knows it: mount that one, or "
            "give --base_name OWNER/NAME, for the adapter and its card"
        )
    return name or usual.name


def refuse_another_base(unit: ShippedUnit, digest: str) -> None:
    """Check that a shipped adapter was trained on the mounted weights; with others it would answer differently.

    Raises:
        ConfigError: It was trained on other weights.
    """
    expected = unit.contract.get("base_model")
    if expected != digest:
        raise ConfigError(
            f"{unit.name} was made for the base model {expected}, but {digest} is mounted: give the channel base "
            "the one that it was made for"
        )
