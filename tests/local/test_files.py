# SPDX-License-Identifier: Apache-2.0
"""A file is replaced whole or not at all, and whoever may read this machine's other files may read it."""

import os

import pytest

from federation.local.files import replace


@pytest.fixture
def umask():
    before = os.umask(0)
    yield os.umask
    os.umask(before)


@pytest.mark.parametrize(("mask", "mode"), [(0o022, 0o644), (0o027, 0o640), (0o077, 0o600)])
def test_a_node_of_another_user_reads_what_it_serves_if_the_umask_lets_it(tmp_path, umask, mask, mode):
    umask(mask)
    replace(tmp_path / "production.json", b"{}")
    assert (tmp_path / "production.json").stat().st_mode & 0o777 == mode


def test_what_cannot_be_written_leaves_what_was_there_and_nothing_beside_it(tmp_path):
    taken = tmp_path / "production.json"
    taken.mkdir()
    with pytest.raises(IsADirectoryError):
        replace(taken, b"{}")
    assert list(tmp_path.iterdir()) == [taken]
