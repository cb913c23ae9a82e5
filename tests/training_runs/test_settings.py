# SPDX-License-Identifier: Apache-2.0
"""Every image knows each setting that its code asks for, and its README names each that it knows."""

import pytest
from tests.training_runs.settings import IMAGES, asked, known, told

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
