# SPDX-License-Identifier: Apache-2.0
"""`federation anchor`: which release are candidates held against, besides what serves?"""

from typing import Annotated

import typer

from federation.cli.home.opened import opened
from federation.cli.options import WAIT_SECONDS, AsJson, Folder, Wait, Who, Why
from federation.cli.ordering.order import give
from federation.cli.store.lookup import release_of
from federation.core import event as events


def anchor(
    release: Annotated[str, typer.Argument(help="The serving release, or a warm one.", metavar="RELEASE")],
    *,
    who: Who,
    why: Why,
    folder: Folder = None,
    wait: Wait = WAIT_SECONDS,
    as_json: AsJson = False,
) -> None:
    """Make another release the anchor: candidates are compared with it as well as with the baseline."""
    give(
        events.ANCHOR_ORDERED,
        {"who": who, "why": why},
        lambda shelf, _channel: {"release": release_of(shelf, release)},
        opened(folder, wait=wait),
        as_json=as_json,
    )
