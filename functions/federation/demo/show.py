# SPDX-License-Identifier: Apache-2.0
"""How does the demo run, from an empty folder to its last line?"""

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
    """The story in a home of its own, line by line as it happens.

    Args:
        folder: The folder that becomes the home; it must not be one already.
        examples: The units to ship, and the policy.

    Raises:
        ConflictError: There is a home in the folder.
    """
    with staged(folder, examples) as stage:
        yield from story(stage)


@contextmanager
def staged(folder: Path, examples: Path) -> Iterator[LocalStage]:
    """A new home with the examples' policy and nothing else; closed afterwards.

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
