# SPDX-License-Identifier: Apache-2.0
"""What a release is called next."""

import pytest

from federation.core.version import FIRST, Version, release_name, version_of


@pytest.mark.parametrize(
    ("bump", "after"), [("patch", "1.4.3"), ("minor", "1.5.0"), ("major", "2.0.0"), ("first", "2.0.0")]
)
def test_each_part_moves_as_semantic_versioning_says(bump, after):
    assert str(Version(1, 4, 2).next(bump)) == after


def test_versions_are_ordered_as_numbers_and_not_as_text():
    names = [release_name("spiralverse", Version(1, minor, 0)) for minor in (10, 9, 2)]
    assert max(names, key=version_of).endswith("v1.10.0")
    assert version_of(release_name("a-ai-federated-v9", FIRST)) == FIRST


def test_another_name_is_no_release():
    with pytest.raises(ValueError, match="not a release name"):
        version_of("spiralverse/embedder-v3")
