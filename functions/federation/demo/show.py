# SPDX-License-Identifier: Apache-2.0
"""Runs the demo in a new local home."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from federation.demo.examples import policy_in
from federation.demo.stage import Line, LocalStage
from federation.demo.story import story
from federation.demo.trust import TRUST
from federation.errors import ConflictError
from federation.sources import Trust
from federation.wiring.local import local_home


def play(folder: Path, examples: Path) -> Iterator[Line]:
    """Play the story in a new home, and yield each line as it happens.

    Args:
        folder: The folder that becomes the home; it must not be a home yet.
        examples: The units to ship, and the policy.

    Raises:
        ConflictError: There is a home in the folder.
    """
    with staged(folder, examples) as stage:
        yield from story(stage)


@contextmanager
def staged(folder: Path, examples: Path) -> Iterator[LocalStage]:
    """A new home with only the examples' policy; closed afterwards.

    Raises:
        ConflictError: There is a home in the folder.
    """
    if (folder / "store.sqlite").exists():
        raise ConflictError(f"there is a home at {folder} already; name an empty folder with --folder")
    name, policy = policy_in(examples)
    home = local_home(folder)
    try:
        home.ports.store.keep(name, policy)
        (folder / "trust.json").write_text(json.dumps(TRUST, indent=2) + "\n", "utf-8")
        yield LocalStage(home, Trust.read(TRUST), examples)
    finally:
        home.close()
