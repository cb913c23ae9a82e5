# SPDX-License-Identifier: Apache-2.0
"""Which options do several commands share?"""

from pathlib import Path
from typing import Annotated, Final

import typer

Folder = Annotated[
    Path | None,
    typer.Option(
        "--folder",
        help="The home's folder. Default: the home that $FEDERATION_HOME names, on this machine $FEDERATION_FOLDER.",
        metavar="DIR",
    ),
]
WAIT_SECONDS: Final = 30.0
"""For how long a command waits for functions in a cloud, unless it is told otherwise."""
Wait = Annotated[
    float,
    typer.Option(
        "--wait",
        help="In a home on a cloud, for how long to wait until the functions have decided; 0 only announces. "
        "Exit code 11 when they have not by then.",
        metavar="SECONDS",
        min=0,
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
SHOWN: Final = 30
"""Lines of a history that a screen shows, unless all are wanted."""
Every = Annotated[bool, typer.Option("--all", help=f"All, not only the last {SHOWN}; --json gives all anyway.")]


def stated(written: str | None) -> str | None:
    """What was written, which has to be something; None if nothing was asked for.

    Raises:
        BadParameter: It is blank.
    """
    if written is not None and not written.strip():
        raise typer.BadParameter("expected some words: they are written down for those who come after")
    return written


Who = Annotated[
    str,
    typer.Option("--who", help="Who gives the order; it is written down.", envvar="FEDERATION_WHO", callback=stated),
]
Why = Annotated[
    str,
    typer.Option("--why", help="Why, in a sentence for those who come after; it is written down.", callback=stated),
]
