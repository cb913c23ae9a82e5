# SPDX-License-Identifier: Apache-2.0
"""What can go wrong, and how does the command report it?

Names end in Error. `exit_code` is the command's exit status, and `code` names the error for scripts. `hint` says what
to do next; it is empty if the message already says that. A refused gate or a rejected manifest is not an error but an
Outcome (exit code 10).
"""

from typing import ClassVar

REFUSED: int = 10
"""Exit code of a command whose Outcome is a refusal."""


class FederationError(Exception):
    """The base class of our errors.

    Args:
        words: The message.
        hint: What to do next in this case, instead of the class's hint.
    """

    exit_code: ClassVar[int] = 1
    code: ClassVar[str] = "failed"
    hint: str = "Run again with --help; docs/operations.md says what to type in which incident."

    def __init__(self, *words: object, hint: str | None = None) -> None:
        super().__init__(*words)
        if hint is not None:
            self.hint = hint


class ContractError(FederationError):
    """A document or event does not meet its schema; `faults` lists every fault."""

    exit_code = 2
    code = "contract"
    hint = ""

    def __init__(self, what: str, faults: tuple[str, ...] = (), *, hint: str | None = None) -> None:
        if hint is None and faults:
            hint = "Correct the document at the paths named above; `federation schema` prints what each field means."
        super().__init__("\n".join((what, *(f"  {fault}" for fault in faults))), hint=hint)
        self.what = what
        self.faults = faults


class MissingError(FederationError):
    """A document or file does not exist (yet)."""

    exit_code = 3
    code = "missing"
    hint = ""


class ConflictError(FederationError):
    """Another writer was first: the name has other content, or the channel moved."""

    exit_code = 4
    code = "conflict"
    hint = "Nothing was overwritten. Look at what is there now (`federation status`) before you decide anew."


class ServiceError(FederationError):
    """A service behind a port failed; the same call may succeed later."""

    exit_code = 5
    code = "service"
    hint = "It may pass: try again. If it goes on, look at the service named above."


class CapacityError(ServiceError):
    """A platform has no machine or quota for a job now. It may have one later, or another place may have one now."""

    code = "capacity"
    hint = "Ask the platform for more, or name another place for the job in the policy."


class SettingsError(FederationError):
    """The environment does not configure this process correctly."""

    exit_code = 6
    code = "settings"
    hint = "Set the variable named above; docs/settings.md lists them with their defaults."
