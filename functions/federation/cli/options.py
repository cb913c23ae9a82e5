# SPDX-License-Identifier: Apache-2.0
"""The options that several commands share."""

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
"""How long a command waits for functions in a cloud, unless --wait says otherwise."""
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
"""Lines of a history that a screen shows without --all."""
Every = Annotated[bool, typer.Option("--all", help=f"All, not only the last {SHOWN}; --json gives all anyway.")]

_PLACEHOLDERS: Final = frozenset({"YOU", "NAME"})
"""Words that stand for a name in the commands that we print."""


def stated(text: str | None) -> str | None:
    """The text unchanged; None if the option was not given.

    Raises:
        BadParameter: It is blank.
    """
    if text is not None and not text.strip():
        raise typer.BadParameter("expected some words: they are written down for those who come after")
    return text


def named(text: str | None) -> str | None:
    """As `stated`; also rejects YOU and NAME, copied from a command that we printed.

    Raises:
        BadParameter: It is blank, or a placeholder.
    """
    if text in _PLACEHOLDERS:
        raise typer.BadParameter(f"{text} stands for a name; write your own there")
    return stated(text)


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
