# SPDX-License-Identifier: Apache-2.0
"""The `federation` command: runs what was typed at a shell, and exits with a code.

Exit codes:
    0   done
    1   an unexpected fault, or a pipe that its reader closed
    2   a broken document or a wrong option
    3   something is missing
    4   somebody else was first
    5   a service or this machine failed
    6   the environment is wrong, or nobody is logged in
    10  refused, held or not passed, with the reason
    11  announced to a home in a cloud, and not decided while the command waited
    12  carried out by this process, but the resulting events could not be announced
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
    """Run what was typed, and exit. A character that the terminal cannot show is printed as its number."""
    sys.stdout = sys.stdout or _null_stream()
    sys.stderr = _tolerant(sys.stderr) if sys.stderr else _null_stream()
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")
    if os.name == "posix":
        _treat_signals_as_interrupt()
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # no command multiplies matrices, and NumPy's idle threads cost
    if not sys.flags.dev_mode:
        sys.excepthook = _report_fault
    try:
        raise SystemExit(run(sys.argv[1:]))
    except KeyboardInterrupt:  # while a module was imported; `run` answers the others
        raise SystemExit(_interrupted(sys.argv[1:])) from None


def _treat_signals_as_interrupt() -> None:
    """SIGTERM and SIGHUP end the command exactly as ^C does, so that temporary folders and processes are cleaned up."""
    for signal_number in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(signal_number) is signal.SIG_DFL:  # nohup has it ignored
            signal.signal(signal_number, signal.default_int_handler)
            # A pool's process has to end when the pool terminates it.
            os.register_at_fork(after_in_child=partial(signal.signal, signal_number, signal.SIG_DFL))


def _report_fault(_kind: type[BaseException], fault: BaseException, trace: TracebackType | None) -> None:
    """Report an unexpected exception in two sentences. `python -X dev` shows the whole traceback instead."""
    from federation.cli.failure import failure_of_fault, tell, wants_json

    tell(failure_of_fault(fault, trace), as_json=wants_json(sys.argv[1:]))


def _interrupted(words: Sequence[str]) -> int:
    from federation.cli.failure import interrupted, tell, wants_json

    return tell(interrupted(), as_json=wants_json(words))


def _null_stream() -> io.TextIOWrapper:
    """A stream that discards everything, for one that the shell has closed."""
    return open(os.devnull, "w", encoding="utf-8")  # noqa: PTH123 - open until the process ends


class _TolerantFile(io.FileIO):
    """A file whose writes never fail, so that the exit code stays that of the failure being reported."""

    def write(self, data: Any, /) -> int:
        """Write the bytes; returns how many count as written, which is all of them after an error."""
        try:
            count = super().write(data)
        except OSError:
            count = None
        return len(data) if count is None else count


def _tolerant(stream: TextIO) -> TextIO:
    """Stderr as a stream whose writes never fail: it may be a full disk, a closed pipe or a terminal that has gone."""
    file = _TolerantFile(stream.fileno(), "w", closefd=False)
    return io.TextIOWrapper(io.BufferedWriter(file), stream.encoding, "backslashreplace", line_buffering=True)


def run(arguments: Sequence[str]) -> int:
    """Run one command and return its exit code. Its answer is on stdout, everything else on stderr."""
    words = [_utf8(argument) for argument in arguments] or ["--help"]
    try:
        code = _exit_code_of(words)
        sys.stdout.flush()
    except BrokenPipeError:
        code = _discard_stdout(CLOSED_PIPE)
    except OSError as error:
        code = _report_system_failure(error, words)
    return code


def _exit_code_of(words: Sequence[str]) -> int:
    """Run the command, print its answer or failure, and return the exit code.

    Raises:
        OSError: Stdout cannot be written, or this machine failed otherwise.
    """
    from federation.cli import failure
    from federation.cli.root import root
    from federation.cli.screen.ready_commands import remember

    remember(words)
    as_json = failure.wants_json(words)
    if empty := failure.empty_in(words):
        return failure.tell(empty, as_json=as_json)
    try:
        code = root().main(args=list(words), prog_name="federation", standalone_mode=False)
    except FederationError as error:
        return failure.tell(failure.failure_of(error), as_json=as_json)
    except failure.WrongUsage as error:
        return failure.tell(failure.failure_of_usage(error, words), as_json=as_json)
    except ImportError as error:
        return failure.tell(failure.failure_of_import(error), as_json=as_json)
    except (KeyboardInterrupt, failure.Aborted):
        code = failure.INTERRUPTED
    except SystemExit as error:
        code = error.code
    if code == failure.INTERRUPTED:
        return failure.tell(failure.interrupted(), as_json=as_json)
    return code if isinstance(code, int) else 0


def _report_system_failure(error: OSError, words: Sequence[str]) -> int:
    """Report a failure of this machine and return its exit code. An error without a file name is taken to be stdout's."""
    from federation.cli.failure import failure_of_system, tell, wants_json

    code = tell(failure_of_system(error), as_json=bool(error.filename) and wants_json(words))
    return code if error.filename else _discard_stdout(code)


def _utf8(argument: str) -> str:
    """The argument read as UTF-8 in any locale; invalid bytes are replaced."""
    return argument.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def _discard_stdout(code: int) -> int:
    """Discard what is buffered for a broken stdout, so that the interpreter does not complain on exit; returns `code`."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return code
