# SPDX-License-Identifier: Apache-2.0
"""A channel or a region is named at several places: which of them counts?"""

import pytest

from training_images.job.errors import ConfigError
from training_images.job.places import BAKED, channels, region
from training_images.job.settings import Settings


def test_what_is_named_counts_before_what_is_mounted_and_that_before_what_the_image_brings(tmp_path):
    for name in ("data", "suite", "base"):
        (tmp_path / BAKED / name).mkdir(parents=True)
    mounted = {"data": tmp_path / "mounted" / "data", "suite": tmp_path / "mounted" / "suite"}
    named = Settings(given={"channel.data": "gs://acme/data/"})
    assert channels(tmp_path, named, mounted) == {
        "data": tmp_path / "gcs" / "acme" / "data",
        "suite": tmp_path / "mounted" / "suite",
        "base": tmp_path / BAKED / "base",
    }


def test_the_region_is_the_settings_else_the_policys_else_the_machines():
    machine = {"AWS_REGION": "eu-central-1"}
    assert region("eu-west-1", Settings(given={"region": "eu-north-1"}), machine) == "eu-north-1"
    assert region("eu-west-1", Settings(), machine) == "eu-west-1"
    assert region(None, Settings(), machine) == "eu-central-1"
    with pytest.raises(ConfigError, match="give --region"):
        region(None, Settings(), {})
