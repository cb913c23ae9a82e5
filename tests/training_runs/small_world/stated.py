# SPDX-License-Identifier: Apache-2.0
"""What prepared data in a test say of themselves."""

from collections.abc import Iterable
from pathlib import Path

from training_images.data.about import About, write_about


def state(data: Path, names: Iterable[str]) -> None:
    """An about.json for data sets that hold whatever the test wants."""
    for name in names:
        write_about(data / name, About(name=name, digest=f"sha256:{'a' * 64}", licence="none", wheels=[], rows={}))
