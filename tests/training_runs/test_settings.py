# SPDX-License-Identifier: Apache-2.0
"""Every image knows the settings that its code asks for, and its README names them. A wrong one is found early."""

from importlib import import_module

import pytest
from tests.training_runs.settings import IMAGES, asked, known, told
from tests.training_runs.small_world.home import failure, job

from training_images.job.errors import CONFIGURED_WRONG
from training_images.job.unknown_settings import EVERYWHERE

every_image = pytest.mark.parametrize("image", [image for image in IMAGES if image != "federated"])
"""That one needs Flower: its test is beside its others."""


@every_image
def test_what_the_code_asks_for_is_known(image):
    found = set(asked(image))
    assert found
    assert found <= known(image) | EVERYWHERE


@every_image
def test_the_readme_names_what_is_known(image):
    taught = known("runtime_distilled") if image == "fusion_distill" else set()
    assert known(image) - taught <= told(image)


@every_image
def test_a_wrong_number_of_requests_ends_the_job_before_it_opens_any_channel(image, tmp_path):
    trainer = import_module(f"training_images.{image}.train").train
    assert job(trainer, tmp_path / "unit", "--requests", "many") == CONFIGURED_WRONG
    assert failure(tmp_path / "unit") == "--requests 'many' is not a whole number from 1 on\n"
