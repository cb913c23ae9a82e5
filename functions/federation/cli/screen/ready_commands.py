# SPDX-License-Identifier: Apache-2.0
"""Completes the commands that we print, so that they can be pasted into this shell.

The pages say `federation promote RELEASE --who YOU`. If the home was named by --folder, each command needs --folder too:
without it the command would reach the home that the environment names. If FEDERATION_WHO is set, --who is left out.
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
"""The commands that take --folder, except `demo`, which creates a home."""
_COMMAND: Final = rf"\bfederation (?:{_WORDS})\b"
_NAMED: Final = re.compile(rf"{_COMMAND}(?! --folder)")
_QUOTED: Final = re.compile(f"`{_NAMED.pattern}")
_WHOLE: Final = re.compile(rf"{_COMMAND}(?: (?!for )[^\s;,`]+)*")
"""A command with its arguments: up to the next `;` or `,`, or the end."""
_WHO: Final = r" --who YOU\b"
NO_BREAK: Final = "\xa0"
"""A space at which no line is broken."""
_FOLDER: Final[ContextVar[str]] = ContextVar("folder", default="")


def remember(words: Sequence[str]) -> None:
    """Note the folder that the typed command names, if any."""
    _FOLDER.set(_folder(words) if words and words[0] in ABOUT_A_HOME else "")


def ready_to_paste(text: str) -> str:
    """The text, with each command as it has to be typed here."""
    if folder := _FOLDER.get():
        text = _NAMED.sub(lambda match: f"{match[0]} --folder {shlex.quote(folder)}", text)
    return re.sub(_WHO, "", text) if os.environ.get("FEDERATION_WHO") else text


def with_folder(text: str) -> str:
    """As `pasted`, for text that others may have written: adds --folder only to commands after a backtick."""
    folder = _FOLDER.get()
    return _QUOTED.sub(lambda match: f"{match[0]} --folder {shlex.quote(folder)}", text) if folder else text


def unbroken(text: str) -> str:
    """The text with NO_BREAK for the spaces in its commands: a shell would run half a command."""
    return _WHOLE.sub(lambda match: match[0].replace(" ", NO_BREAK), text)


def _folder(words: Sequence[str]) -> str:
    """The folder that the command line names, the last one if there are several; "" if none."""
    options = words[: words.index("--")] if "--" in words else words
    folder = ""
    for before, word in pairwise(options):
        if before == "--folder":
            folder = word
        elif word.startswith("--folder="):
            folder = word.removeprefix("--folder=")
    return folder
