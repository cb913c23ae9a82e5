# SPDX-License-Identifier: Apache-2.0
"""The image knows each setting that its code asks for, and its README names each that it knows."""

from tests.training_runs.settings import asked, known, told

from training_images.job.unknown_settings import EVERYWHERE


def test_what_the_code_asks_for_is_known_and_told():
    found = set(asked("federated"))
    assert "rounds" in found
    assert found <= known("federated") | EVERYWHERE
    assert known("federated") <= told("federated")
