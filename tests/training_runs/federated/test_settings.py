# SPDX-License-Identifier: Apache-2.0
"""The image knows the settings that its code asks for, and its README names them. A wrong one is found early."""

from tests.training_runs.settings import asked, known, told

from training_images.federated.train import train
from training_images.job.run import run
from training_images.job.unknown_settings import EVERYWHERE


def test_what_the_code_asks_for_is_known_and_told():
    found = set(asked("federated"))
    assert "rounds" in found
    assert found <= known("federated") | EVERYWHERE
    assert known("federated") <= told("federated")


def test_a_wrong_number_of_requests_ends_the_job_before_any_member_is_asked(tmp_path, capsys):
    words = ("--region", "here", "--machine", "core", "--output", str(tmp_path / "unit"), "--requests", "many")
    assert run(train, words, {}) == 42
    assert capsys.readouterr().err == "--requests 'many' is not a whole number from 1 on\n"
