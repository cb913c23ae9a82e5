# SPDX-License-Identifier: Apache-2.0
"""How much CPU time or how many instructions does a fresh interpreter take from start to exit?"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from bench.goal import Spread
from bench.timing import Seconds

ROOT = Path(__file__).resolve().parents[1]
_ENVIRONMENT = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
"""Our environment, except that byte code is written: otherwise each round would recompile recently edited files."""


def interleaved(commands: Mapping[str, Sequence[str]], *, rounds: int) -> Seconds:
    """CPU seconds (user and system) of each command's process, one number per round, in turns.

    Args:
        commands: Arguments after the interpreter, by name; each command runs once beforehand, so that byte code exists.
        rounds: At least 2.
    """
    for arguments in commands.values():
        _run([sys.executable, *arguments])
    found: dict[str, list[float]] = {name: [] for name in commands}
    for _ in range(rounds):
        for name, arguments in commands.items():
            found[name].append(_seconds(arguments))
    return found


def above(found: Seconds, bare: str, ours: str, other: str) -> Spread:
    """How many times more `ours` costs than `other`, by round, after subtracting the bare interpreter from both."""
    rounds = zip(found[ours], found[other], found[bare], strict=True)
    return Spread.of([(mine - start) / (theirs - start) for mine, theirs, start in rounds])


def instructions(arguments: Sequence[str], environment: Mapping[str, str] | None = None) -> int | None:
    """Instructions that the process executes, by valgrind; None without valgrind. Repeatable to about 0.1 %.

    Args:
        arguments: After the interpreter.
        environment: The whole environment; None means ours.
    """
    valgrind = shutil.which("valgrind")
    if valgrind is None:
        return None
    with tempfile.TemporaryDirectory(prefix="federation-bench-") as folder:
        counting = [valgrind, "--tool=cachegrind", "--cache-sim=no", f"--cachegrind-out-file={folder}/out"]
        told = _run([*counting, sys.executable, *arguments], environment).stderr.decode()
    found = re.search(r"I\s+refs:\s+([\d,]+)", told)
    return int(found[1].replace(",", "")) if found else None


def _seconds(arguments: Sequence[str]) -> float:
    """User and system time of one process, to the microsecond."""
    process = subprocess.Popen(
        [sys.executable, *arguments],
        cwd=ROOT,
        env=_ENVIRONMENT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, process.args)
    return used.ru_utime + used.ru_stime


def _run(command: Sequence[str], environment: Mapping[str, str] | None = None) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(command, cwd=ROOT, check=True, capture_output=True, env=environment or _ENVIRONMENT)
