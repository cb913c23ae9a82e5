# SPDX-License-Identifier: Apache-2.0
"""The `federation` command: what does a person at a shell type, and what does the shell get back?

Exit codes:
    0   done
    1   a fault that nothing foresaw, or a pipe that its reader closed
    2   a broken document or a wrong option
    3   something is missing
    4   somebody else was first
    5   a service or this machine failed
    6   the environment is wrong, or nobody is logged in
    10  refused, held or not passed, with the reason
    11  announced to a home in a cloud, and not seen decided while the command waited
    12  carried out by this process, and what follows could not be announced
    130 interrupted
"""

import io
import os
import signal
import sys
from collections.abc import Sequence
from functools import partial
from types import TracebackType
from typing import Any, Final, NoReturn, TextIO

from federation.errors import FederationError

CLOSED_PIPE: Final = 1
"""Exit code when the reader of a pipe closes it early, as `head` does; the same as click's."""


def main() -> NoReturn:
    """Run what was typed, and exit; a character that the terminal cannot show is shown by its number."""
    sys.stdout = sys.stdout or _nowhere()
    sys.stderr = _unheeded(sys.stderr) if sys.stderr else _nowhere()
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")
    if os.name == "posix":
        _end_like_interrupted()
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # no command multiplies matrices, and NumPy's idle threads cost
    if not sys.flags.dev_mode:
        sys.excepthook = _told_fault
    try:
        raise SystemExit(run(sys.argv[1:]))
    except KeyboardInterrupt:  # while a module was imported; `run` answers the others
        raise SystemExit(_interrupted(sys.argv[1:])) from None


def _end_like_interrupted() -> None:
    """Whoever ends this process or closes its terminal is told as after ^C; temporary folders and processes are put away."""
    for ending in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(ending) is signal.SIG_DFL:  # nohup has it ignored
            signal.signal(ending, signal.default_int_handler)
            # A pool's process has to end when the pool terminates it.
            os.register_at_fork(after_in_child=partial(signal.signal, ending, signal.SIG_DFL))


def _told_fault(_kind: type[BaseException], fault: BaseException, trace: TracebackType | None) -> None:
    """Tell a person of an exception that nothing foresaw, in two sentences; `python -X dev` shows the whole traceback."""
    from federation.cli.failure import failure_of_fault, tell, wants_json  # noqa: PLC0415 - only a failure needs it

    tell(failure_of_fault(fault, trace), as_json=wants_json(sys.argv[1:]))


def _interrupted(typed: Sequence[str]) -> int:
    from federation.cli.failure import interrupted, tell, wants_json  # noqa: PLC0415 - only a failure needs it

    return tell(interrupted(), as_json=wants_json(typed))


def _nowhere() -> io.TextIOWrapper:
    """What is printed where the shell has closed the stream."""
    return open(os.devnull, "w", encoding="utf-8")  # noqa: PTH123 - open until the process ends


class _Unheeded(io.FileIO):
    """A file that takes everything: the exit code is the failure's, also where nobody can be told of it."""

    def write(self, data: Any, /) -> int:
        """How many of the bytes are done with."""
        try:
            written = super().write(data)
        except OSError:
            written = None
        return len(data) if written is None else written


def _unheeded(stream: TextIO) -> TextIO:
    """Stderr, which may be a full disk, a closed pipe or a terminal that has gone."""
    file = _Unheeded(stream.fileno(), "w", closefd=False)
    return io.TextIOWrapper(io.BufferedWriter(file), stream.encoding, "backslashreplace", line_buffering=True)


def run(arguments: Sequence[str]) -> int:
    """The exit code of one command; its answer is on stdout, everything else on stderr."""
    typed = [_text(argument) for argument in arguments] or ["--help"]
    try:
        code = _answered(typed)
        sys.stdout.flush()
    except BrokenPipeError:
        code = _discarded(CLOSED_PIPE)
    except OSError as error:
        code = _failed_here(error, typed)
    return code


def _answered(typed: Sequence[str]) -> int:
    """The exit code, after whatever there is to print.

    Raises:
        OSError: It cannot be printed, or this machine failed otherwise.
    """
    from federation.cli import failure  # noqa: PLC0415 - whoever imports this package need not pay for typer
    from federation.cli.root import root  # noqa: PLC0415 - the same
    from federation.cli.screen.pasted import remember  # noqa: PLC0415 - the same

    remember(typed)
    as_json = failure.wants_json(typed)
    if empty := failure.empty_in(typed):
        return failure.tell(empty, as_json=as_json)
    try:
        code = root().main(args=list(typed), prog_name="federation", standalone_mode=False)
    except FederationError as error:
        return failure.tell(failure.failure_of(error), as_json=as_json)
    except failure.WrongUsage as error:
        return failure.tell(failure.failure_of_usage(error, typed), as_json=as_json)
    except ImportError as error:
        return failure.tell(failure.failure_of_import(error), as_json=as_json)
    except (KeyboardInterrupt, failure.Aborted):
        code = failure.INTERRUPTED
    except SystemExit as done:
        code = done.code
    if code == failure.INTERRUPTED:
        return failure.tell(failure.interrupted(), as_json=as_json)
    return code if isinstance(code, int) else 0


def _failed_here(error: OSError, typed: Sequence[str]) -> int:
    """The exit code when this machine fails: one that names no file is taken for stdout, such as one on a full disk."""
    from federation.cli.failure import failure_of_system, tell, wants_json  # noqa: PLC0415 - only a failure needs it

    code = tell(failure_of_system(error), as_json=bool(error.filename) and wants_json(typed))
    return code if error.filename else _discarded(code)


def _text(argument: str) -> str:
    """What was typed as UTF-8, whatever the locale makes of it; a byte that is none is replaced."""
    return argument.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def _discarded(code: int) -> int:
    """Discard what is still buffered for a stdout that takes nothing, so that the interpreter does not complain on exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return code
