# SPDX-License-Identifier: Apache-2.0
"""What can go wrong, and what does the shell do about it?

Names end in Error. `exit_code` is the command's exit status; `hint` tells a person what to do next. A refused gate or a
rejected manifest is not an error: it is an Outcome (exit code 10).
"""

from typing import ClassVar

REFUSED: int = 10
"""Exit code of a command whose Outcome is a refusal."""


class FederationError(Exception):
    """Anything that this package raises on purpose."""

    exit_code: ClassVar[int] = 1
    hint: ClassVar[str] = "Run again with --help, or read docs/walk.md for the way an event takes."


class ContractError(FederationError):
    """A document or event does not say what its schema requires; `faults` lists every one of them."""

    exit_code = 2
    hint = "Mend the document at the paths named above; schemas/ says what each field means."

    def __init__(self, what: str, faults: tuple[str, ...] = ()) -> None:
        super().__init__("\n".join((what, *(f"  {fault}" for fault in faults))))
        self.what = what
        self.faults = faults


class MissingError(FederationError):
    """A name that should be in a store or at a URI is not there (yet)."""

    exit_code = 3
    hint = "Check the name; `federation status` lists what is stored and what is still awaited."


class ConflictError(FederationError):
    """Another writer was first: the name is taken by other content, or the channel has moved."""

    exit_code = 4
    hint = "Nothing was overwritten. Run the same command again: it decides anew on what is there now."


class ServiceError(FederationError):
    """A service behind a port failed; the same call may succeed later."""

    exit_code = 5
    hint = "The event will be delivered again. If it goes on, look at the service named above."


class SettingsError(FederationError):
    """The environment does not configure this process."""

    exit_code = 6
    hint = "Set the variable named above; docs/settings.md lists them with their defaults."
