# SPDX-License-Identifier: Apache-2.0
"""A file that another user keeps for himself is not said to be missing."""

import os

import pytest

from training_images.job.digests import digest_of_file
from training_images.job.errors import ConfigError


def test_a_file_that_may_not_be_read_is_told_from_one_that_is_missing(tmp_path, monkeypatch):
    weights = tmp_path / "base" / "model.safetensors"
    weights.parent.mkdir()
    weights.write_bytes(b"weights")

    def refused(path, mode):
        raise PermissionError(path)

    if os.getuid():
        weights.chmod(0)
    else:
        monkeypatch.setattr("pathlib.Path.open", refused)  # root may read everything
    with pytest.raises(ConfigError, match=r"may not read model\.safetensors in base; let everybody read it"):
        digest_of_file(weights)
