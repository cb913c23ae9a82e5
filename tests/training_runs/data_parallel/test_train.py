# SPDX-License-Identifier: Apache-2.0
"""What is refused before any process is started?"""

from shutil import copytree

from training_images.data.rows import read, write


def test_a_batch_that_cannot_be_shared_is_refused(started):
    code, sentence, unit = started("--processes", "5")
    assert (code, sentence) == (42, "--batch 24 cannot be shared by 5 processes evenly; take a multiple of 5")
    assert not unit.exists()


def test_what_is_asked_must_not_be_learned(started, data, suite, tmp_path):
    leaking = copytree(data, tmp_path / "data")
    refused = [row for row in read(suite / "policy.jsonl") if row.label == "refuse"]
    path = leaking / "harmful" / "train.jsonl"
    write(path, [*read(path), refused[0]])
    code, sentence, unit = started(data=leaking)
    assert code == 42
    assert sentence.startswith("harmful leaks: ")
    assert not unit.exists()
