# SPDX-License-Identifier: Apache-2.0
"""What does a command that is printed need, so that it can be pasted into this shell as it is?

The pages say `federation promote RELEASE --who YOU`. Whoever named the home by --folder has to name it again, for without
it the command would reach whichever home the environment names; whoever has set FEDERATION_WHO need not say who they are.
"""

import os
import re
import shlex
from collections.abc import Sequence
from contextvars import ContextVar
from itertools import pairwise
from typing import Final

_WORDS: Final = (
    "anchor|approve|attest|diff|explain|hold|init|intact|lift|lineage|orders|policy|promote|quarantine|receive|redrive|releases|"
    "replay|resume|rollback|served|status|tick|train"
)
ABOUT_A_HOME: Final = frozenset(_WORDS.split("|"))
"""The commands that take --folder, but for `demo`, which fills one."""
_COMMAND: Final = rf"\bfederation (?:{_WORDS})\b"
_NAMED: Final = re.compile(rf"{_COMMAND}(?! --folder)")
_QUOTED: Final = re.compile(f"`{_NAMED.pattern}")
_WHOLE: Final = re.compile(rf"{_COMMAND}(?: (?!for )[^\s;,`]+)*")
"""A command with what it takes, as the pages write it: up to the next `;` or `,`, or the end."""
_WHO: Final = r" --who YOU\b"
NO_BREAK: Final = "\xa0"
"""A space at which no line is broken."""
_FOLDER: Final[ContextVar[str]] = ContextVar("folder", default="")


def remember(typed: Sequence[str]) -> None:
    """Note which folder the command that is run names, if it names one."""
    _FOLDER.set(_folder(typed) if typed and typed[0] in ABOUT_A_HOME else "")


def pasted(text: str) -> str:
    """The text, each command in it as it has to be typed here."""
    if folder := _FOLDER.get():
        text = _NAMED.sub(lambda named: f"{named[0]} --folder {shlex.quote(folder)}", text)
    return re.sub(_WHO, "", text) if os.environ.get("FEDERATION_WHO") else text


def with_folder(text: str) -> str:
    """A text that others may have written, too: of the commands in it only those between backticks, as steps write them."""
    folder = _FOLDER.get()
    return _QUOTED.sub(lambda named: f"{named[0]} --folder {shlex.quote(folder)}", text) if folder else text


def unbroken(text: str) -> str:
    """The text with no space in a command at which a line may be broken: a shell runs half a command as it is."""
    return _WHOLE.sub(lambda whole: whole[0].replace(" ", NO_BREAK), text)


def _folder(typed: Sequence[str]) -> str:
    """What the command itself takes: of several the last."""
    options = typed[: typed.index("--")] if "--" in typed else typed
    found = ""
    for before, word in pairwise(options):
        if before == "--folder":
            found = word
        elif word.startswith("--folder="):
            found = word.removeprefix("--folder=")
    return found
