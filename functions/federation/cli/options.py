# SPDX-License-Identifier: Apache-2.0
"""Which options do several commands share?"""

from pathlib import Path
from typing import Annotated, Final

import typer

Folder = Annotated[
    Path | None,
    typer.Option(
        "--folder",
        help="A home on this machine. Default: the one that FEDERATION_HOME names, or FEDERATION_FOLDER.",
        metavar="DIR",
    ),
]
WAIT_SECONDS: Final = 30.0
"""For how long a command waits for functions in a cloud, unless it is told otherwise."""
Wait = Annotated[
    float,
    typer.Option(
        "--wait",
        help="In a cloud, for how long to wait until the functions have decided; 0 only announces. Exit code 11 when they "
        "have not by then.",
        metavar="SECONDS",
        min=0,
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
SHOWN: Final = 30
"""Lines of a history that a screen shows, unless all are wanted."""
Every = Annotated[bool, typer.Option("--all", help=f"All, not only the last {SHOWN}; --json gives all anyway.")]

_PLACEHOLDERS: Final = frozenset({"YOU", "NAME"})
"""What the pages write where a name is to be put in."""


def stated(written: str | None) -> str | None:
    """What was written, which has to be something; None if nothing was asked for.

    Raises:
        BadParameter: It is blank.
    """
    if written is not None and not written.strip():
        raise typer.BadParameter("expected some words: they are written down for those who come after")
    return written


def named(written: str | None) -> str | None:
    """The same of a name, which is no placeholder of a command that was copied.

    Raises:
        BadParameter: It is blank, or the word that stands for a name.
    """
    if written in _PLACEHOLDERS:
        raise typer.BadParameter(f"{written} stands for a name; write your own there")
    return stated(written)


Who = Annotated[
    str,
    typer.Option(
        "--who",
        help="Who gives the order; it is written down.",
        metavar="NAME",
        envvar="FEDERATION_WHO",
        callback=named,
    ),
]
Why = Annotated[
    str,
    typer.Option(
        "--why",
        help="Why, in a sentence for those who come after; it is written down.",
        metavar="SENTENCE",
        callback=stated,
    ),
]
