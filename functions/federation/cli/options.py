# SPDX-License-Identifier: Apache-2.0
"""The options that several commands share."""

from pathlib import Path
from typing import Annotated, Final

import typer

Folder = Annotated[
    Path | None,
    typer.Option(
        "--folder",
        help="A home on this machine. Default: the home named by FEDERATION_HOME or FEDERATION_FOLDER.",
        metavar="DIR",
    ),
]
WAIT_SECONDS: Final = 30.0
"""How long a command waits for functions in a cloud, unless --wait says otherwise."""
Wait = Annotated[
    float,
    typer.Option(
        "--wait",
        help="In a cloud: how long to wait for the functions' decision; 0 does not wait. Exit code 11 if there is "
        "none by then.",
        metavar="SECONDS",
        min=0,
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
SHOWN: Final = 30
"""Lines of a history that a screen shows without --all."""
Every = Annotated[bool, typer.Option("--all", help=f"Show all, not only the last {SHOWN}. --json always prints all.")]

_PLACEHOLDERS: Final = frozenset({"YOU", "NAME"})
"""Words that stand for a name in the commands that we print."""


def stated(text: str | None) -> str | None:
    """The text unchanged; None if the option was not given.

    Raises:
        BadParameter: It is blank.
    """
    if text is not None and not text.strip():
        raise typer.BadParameter("must not be empty: it is recorded with the order")
    return text


def named(text: str | None) -> str | None:
    """As `stated`; also rejects YOU and NAME, copied from a command that we printed.

    Raises:
        BadParameter: It is blank, or a placeholder.
    """
    if text in _PLACEHOLDERS:
        raise typer.BadParameter(f"{text} is a placeholder; write your own name")
    return stated(text)


Who = Annotated[
    str,
    typer.Option(
        "--who",
        help="Who gives the order. It is recorded.",
        metavar="NAME",
        envvar="FEDERATION_WHO",
        callback=named,
    ),
]
Why = Annotated[
    str,
    typer.Option(
        "--why",
        help="The reason, in a sentence. It is recorded.",
        metavar="SENTENCE",
        callback=stated,
    ),
]
