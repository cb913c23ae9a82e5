# SPDX-License-Identifier: Apache-2.0
"""How is a failure reported, to a person and to a script?

A person reads sentences on stderr; the last ones say what to do next. With --json there is also one line on stdout, so
that stdout is always JSON: {"error": {"code", "message", "hint", "exit_code"}}. A refusal is not a failure: the decision
is the answer, and its exit code is 10.
"""

import json
import re
import sys
import traceback
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Final, cast

import typer

from federation.cli.account import account_fault
from federation.cli.screen.examples import first_of
from federation.cli.screen.ready_commands import ready_to_paste, with_folder
from federation.cli.screen.visible import visible_lines
from federation.errors import ContractError, FederationError, ServiceError, SettingsError

INTERRUPTED: Final = 130
Aborted: Final = typer.Abort
WrongUsage: Final = cast("type[Exception]", typer.BadParameter.__bases__[0])
"""UsageError: click's in an older typer, typer's own in a newer one."""

_USAGE: Final = "usage"
_LEFT_OVER: Final = "Got unexpected extra argument"
_NAMED_BY_OPTION: Final = {
    "rollback": "Name the release to go back to with an option: federation rollback --to RELEASE",
    "train": "Name one kind at a time. Who asks and why are options: --who YOU --why 'WHY'",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """A code for scripts, the message, what to do next (or ""), and the exit code."""

    code: str
    message: str
    hint: str
    exit_code: int


def tell(failure: Failure, *, as_json: bool) -> int:
    """Print the failure, and return its exit code."""
    if as_json:
        print(json.dumps({"error": asdict(failure)}), flush=True)
    hint = failure.hint if failure.code == _USAGE else ready_to_paste(failure.hint)
    message = with_folder(f"federation: {failure.message}")
    print(visible_lines("\n".join(filter(None, (message, hint)))), file=sys.stderr)
    return failure.exit_code


def failure_of(error: FederationError) -> Failure:
    """The failure that reports an error of ours. If nobody is logged in, its hint says how to log in."""
    if not isinstance(error, SettingsError) and (
        fault := account_fault(error)
    ):  # a settings error says itself what to fix
        return Failure(code=fault.code, message=str(error), hint=fault.hint, exit_code=fault.exit_code)
    return Failure(code=error.code, message=str(error), hint=error.hint, exit_code=error.exit_code)


def failure_of_usage(error: Exception, arguments: Sequence[str]) -> Failure:
    """The failure that reports a mistyped command.

    Args:
        error: A WrongUsage.
        arguments: What was typed.
    """
    wrong = cast("Any", error)
    message = " ".join(str(wrong.format_message()).replace("Value error, ", "").split())  # choices come one a line
    hints = [_named_by_option(message, arguments), *_usage(wrong.ctx, message, arguments)]
    return Failure(code=_USAGE, message=message, hint="\n".join(filter(None, hints)), exit_code=ContractError.exit_code)


def empty_in(arguments: Sequence[str]) -> Failure | None:
    """The failure if an argument is empty, else None: a variable without a value must not mean "any" or "for ever"."""
    for before, argument in zip(("federation", *arguments), arguments, strict=False):
        if not argument or (argument.startswith("--") and argument.find("=") == len(argument) - 1):
            return Failure(
                code=_USAGE,
                message=f"{argument or before} has no value",
                hint="Give a value, or omit the option. Perhaps a shell variable is not set.",
                exit_code=ContractError.exit_code,
            )
    return None


def failure_of_system(error: OSError) -> Failure:
    """The failure that reports an error of this machine, such as a full disk."""
    place = f"{error.filename2 or error.filename}: " if error.filename else ""  # of a copy, its target
    return Failure(
        code="system",
        message=f"{place}{error.strerror or error}",
        hint="Fix this first; the disk may be full, or the folder not writable. "
        "If the command was an order, check `federation status` before you give it again.",
        exit_code=ServiceError.exit_code,
    )


def failure_of_import(error: ImportError) -> Failure:
    """The failure that reports a package that is not installed, such as a cloud's client.

    Raises:
        ImportError: A module of ours is missing, which no installation mends.
    """
    name = error.name or str(error)
    if name.partition(".")[0] == "federation":
        raise error
    return Failure(
        code=SettingsError.code,
        message=f"{name} is not installed here",
        hint="In a checkout: a home on AWS needs `pip install '.[aws]'`, a home on Google Cloud `pip install '.[gcp]'`, "
        "and signing or verifying statements needs `pip install '.[attest]'`.",
        exit_code=SettingsError.exit_code,
    )


def failure_of_fault(fault: BaseException, trace: TracebackType | None) -> Failure:
    """The failure that reports an unexpected exception."""
    frames = traceback.extract_tb(trace)
    at = f" ({Path(frames[-1].filename).name}, line {frames[-1].lineno})" if frames else ""
    return Failure(
        code="fault",
        message=f"{type(fault).__name__}: {fault}{at}. This is unexpected: a document in the home is damaged or was "
        "written by a newer version, or Federation has a bug",
        hint="If the command was an order, check `federation status` before you give it again. For a bug report: "
        "`python -X dev "
        "-m federation` with the same arguments prints the traceback.",
        exit_code=1,
    )


def interrupted() -> Failure:
    """The failure that reports ^C."""
    return Failure(
        code="interrupted",
        message="interrupted",
        hint="If the command was an order that had been announced, it is carried out anyway: check `federation status` "
        "before you give it again.",
        exit_code=INTERRUPTED,
    )


def wants_json(arguments: Sequence[str]) -> bool:
    """Whether --json was typed."""
    return "--json" in (arguments[: arguments.index("--")] if "--" in arguments else arguments)


def _usage(context: Any, message: str, arguments: Sequence[str]) -> list[str]:
    if context is None:
        return [f"Try: federation {arguments[0]} --help"] if arguments else []
    if context.parent is None and arguments and arguments[0].startswith("-") and message.startswith("No such option"):
        return [
            f"Write options after the command, as in: federation status {arguments[0]} ...",
            "Try: federation --help",
        ]
    usage = re.sub(r"\s+", " ", context.get_usage())
    return [usage, first_of(context.info_name), f"Try: {context.command_path} --help"]


def _named_by_option(message: str, arguments: Sequence[str]) -> str:
    return _NAMED_BY_OPTION.get(arguments[0], "") if arguments and message.startswith(_LEFT_OVER) else ""
