# SPDX-License-Identifier: Apache-2.0
"""The `federation` command: what does a person at a shell type, and what does the shell get back?

Exit codes: 0 done; 10 refused, held or not passed, with the reason; 11 announced to a home in a cloud, and not seen decided
while the command waited; 12 carried out by this process, and what follows could not be announced; 2 a broken document or a
wrong option; 3 something is missing; 4 somebody else was first; 5 a service failed; 6 the environment is wrong;
130 interrupted.
"""

import os
import sys
from collections.abc import Sequence
from typing import Final, NoReturn

from federation.errors import FederationError

INTERRUPTED: Final = 130
CLOSED_PIPE: Final = 1
"""Exit code when the reader of a pipe closes it early, as `head` does; the same as click's."""


def main() -> NoReturn:
    """Run what was typed, and exit."""
    raise SystemExit(run(sys.argv[1:]))


def run(arguments: Sequence[str]) -> int:
    """The exit code of one command; its answer is on stdout, everything else on stderr."""
    from federation.cli.root import root  # noqa: PLC0415 - whoever imports this package need not pay for typer

    try:
        root().main(args=list(arguments), prog_name="federation")
        sys.stdout.flush()
    except SystemExit as done:
        return _flushed(done.code if isinstance(done.code, int) else 0)
    except FederationError as error:
        print(f"federation: {error}\n{error.hint}", file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        return _closed()
    return 0


def _flushed(code: int) -> int:
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        return _closed()
    return code


def _closed() -> int:
    """Discard what is still buffered for a closed pipe, so that the interpreter does not complain on exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return CLOSED_PIPE
