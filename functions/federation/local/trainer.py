# SPDX-License-Identifier: Apache-2.0
"""Jobs as child processes, each in its own folder, where it writes its unit and, last, the manifest."""

import os
import shutil
import sys
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import msgspec

import federation
from federation.core import failure, instant
from federation.core.digest import canonical
from federation.core.uri import SENTINEL
from federation.errors import ServiceError
from federation.local.files import replace

UNIT: Final = "unit"
"""The unit's folder, below the job's folder. It contains a manifest when the unit is complete."""
FAILURE: Final = "failure.txt"
"""File with a sentence about why a job failed."""

_COMPLETION: Final = "completion.json"
"""File with a job's completion, if this machine imitates another platform."""
_REQUEST: Final = "job.json"
_CODE: Final = "exit_code.txt"
_LOG: Final = "log.txt"
_PROCESS: Final = "process.txt"
_DETACHED: Final = f"""
( "$@"; echo $? > {_CODE}.part; mv {_CODE}.part {_CODE} ) > {_LOG} 2>&1 < /dev/null &
echo $! > {_PROCESS}
"""
"""Starts a job that continues when its launcher ends, as in a cloud, and that leaves its exit code."""
_STARTING_SECONDS: Final = 60.0
"""How long a launch may take, before another launch of the same job may start it."""
_SIGNS_OF_START: Final = (_PROCESS, _CODE, _COMPLETION, UNIT)
"""If a job began, its folder has at least one of these."""
_BY_SIGNAL: Final = 128
_TOO_LONG: Final = frozenset({124, 137})
"""Exit codes of timeout(1) after it ended or killed the job."""
_SLACK_SECONDS: Final = 60
"""Tolerance for a busy machine."""
_LAST_SECONDS: Final = 120
"""The time between the signal to end and the kill, as on SageMaker."""
_LONGEST: Final = 1024


class _Limits(msgspec.Struct, frozen=True):
    """The part of a job's description with its time limit."""

    max_minutes: float | None = None


class LocalTrainer:
    """One folder per job below `folder`."""

    def __init__(self, folder: Path, python: str = "") -> None:
        """A trainer.

        Args:
            folder: The folder of all jobs.
            python: The interpreter of the training images; this process's own if empty.
        """
        self._folder = folder
        self._python = _absolute(python) if os.sep in python else python or sys.executable

    def refusal(self, name: str, job: Mapping[str, Any]) -> None:
        """Always None: a job that this machine cannot run fails with a reason."""
        del name, job

    def launch(self, name: str, job: Mapping[str, Any]) -> None:
        """Start the job's module with its arguments in its own folder. A name that was started before starts nothing."""
        import subprocess

        home = self._folder / name
        module = [self._python, "-m", str(job["image"]), *map(str, job.get("arguments", ()))]
        command = ["/bin/sh", "-c", _DETACHED, "sh", *_timeout_command(job), *module]
        try:
            if not _claimed(home):
                return
            replace(home / _REQUEST, canonical(job) + b"\n")
            subprocess.run(command, cwd=home, env=_environment(name, job), check=True, start_new_session=True)  # noqa: S603 - the policy names the module
        except (OSError, subprocess.CalledProcessError) as error:
            raise ServiceError(f"job {name} did not start: {error}") from error

    def finished(self) -> Sequence[Mapping[str, Any]]:
        """The data of each job that ended, in the order of the jobs' names."""
        results = (_readable_result(home) for home in sorted(self._folder.glob("*")) if home.is_dir())
        return [result for result in results if result is not None]

    def artifact(self, resource: str) -> str | None:
        """URI of the unit of the job with that resource name; None if there is none."""
        return next((result.get("artifact_uri") for result in self.finished() if result["resource"] == resource), None)


def _claimed(home: Path) -> bool:
    """Whether to start the job: its folder is new, or an earlier launch stopped before the job began."""
    try:
        home.mkdir(parents=True)
    except FileExistsError:
        age = time.time() - home.stat().st_mtime
        return age > _STARTING_SECONDS and not any((home / name).exists() for name in _SIGNS_OF_START)
    return True


def _timeout_command(job: Mapping[str, Any]) -> Sequence[str]:
    """The command that ends the job after its `max_minutes`; empty without timeout(1), which macOS does not have."""
    minutes, command = job.get("max_minutes"), _timeout()
    return [command, "-k", str(_LAST_SECONDS), f"{minutes}m"] if minutes and command else []


def _timeout() -> str | None:
    """The path of timeout(1), or None if this machine does not have it."""
    return shutil.which("timeout", path=os.defpath)


def _environment(name: str, job: Mapping[str, Any]) -> dict[str, str]:
    """The job's variables. As in a container, none is inherited, and the output is always in the job's folder."""
    return {
        "FEDERATION_JOB": canonical({**job, "output": UNIT}).decode(),
        "FEDERATION_JOB_NAME": name,
        "FEDERATION_REGION": "local",
        "OMP_NUM_THREADS": "1",  # jobs share this machine, and spinning threads slow each other down
        "OMP_WAIT_POLICY": "passive",
        "PATH": os.defpath,
        "PYTHONPATH": os.pathsep.join(_sources()),
    }


def _sources() -> Sequence[str]:
    """Import paths of the images' modules: beside this package's sources, and this process's PYTHONPATH."""
    functions = Path(federation.__file__).resolve().parent.parent
    checkout = functions.parent
    own = [str(checkout), str(functions)] if (checkout / "training_images").is_dir() else []
    return [*own, *map(_absolute, filter(None, os.environ.get("PYTHONPATH", "").split(os.pathsep)))]


def _absolute(path: str) -> str:
    """The absolute path, since a job runs in its own folder."""
    return str(Path(path).absolute())


def _readable_result(home: Path) -> Mapping[str, Any] | None:
    try:
        return _result(home)
    except (OSError, ValueError, OverflowError, msgspec.MsgspecError) as error:
        raise ServiceError(f"the result of the job in {home} cannot be read: {error}") from error


def _result(home: Path) -> Mapping[str, Any] | None:
    """The result of the job in that folder; None while it runs."""
    if (completion := home / _COMPLETION).exists():
        return msgspec.json.decode(completion.read_bytes(), type=dict[str, Any])
    if (manifest := home / UNIT / SENTINEL).exists():
        return {**_completion_data(home, "Completed", manifest), "artifact_uri": f"{(home / UNIT).resolve().as_uri()}/"}
    if (code := home / _CODE).exists():
        return {
            **_completion_data(home, "Failed", code),
            "name": home.name,
            "failure": _failure(home, int(code.read_text())),
        }
    if (process := home / _PROCESS).exists() and not _is_alive(int(process.read_text())):
        why = "it ended without an exit code, as when the machine is switched off"
        return {**_completion_data(home, "Failed", process), "name": home.name, "failure": why}
    return None


def _completion_data(home: Path, how: str, last: Path) -> dict[str, Any]:
    return {
        "provider": "local",
        "resource": f"local/{home.name}",
        "completed_at": instant.text(datetime.fromtimestamp(last.stat().st_mtime, UTC)),
        "dedupe_key": f"local|{home.name}|{how}",
    }


def _failure(home: Path, code: int) -> str:
    """A sentence with the job's explanation, else the last line of its log, and its exit code."""
    if code in _TOO_LONG and _ran_out_of_time(home):
        why = "it reached its time limit: raise max_minutes of its job"
        return failure.sentence(f"exit code {code}, and no manifest", why, code=failure.CONFIGURED_WRONG)
    sentence = _last_line(home / FAILURE) or (f"signal {code - _BY_SIGNAL}" if code > _BY_SIGNAL else None)
    words = sentence or _last_line(home / _LOG) or "it said nothing"
    return failure.sentence(f"exit code {code}, and no manifest", words, code=code)


def _ran_out_of_time(home: Path) -> bool:
    """Whether the job reached its time limit; its own code may end earlier with the same exit codes."""
    request = home / _REQUEST
    try:
        minutes = msgspec.json.decode(request.read_bytes(), type=_Limits).max_minutes
    except (OSError, msgspec.MsgspecError):
        return False
    if minutes is None or _timeout() is None:
        return False
    over = (home / _CODE).stat().st_mtime - request.stat().st_mtime - 60 * minutes
    return 0 <= over <= _LAST_SECONDS + _SLACK_SECONDS  # earlier versions had no limit


def _last_line(path: Path) -> str | None:
    if not path.exists():
        return None
    lines = path.read_text("utf-8", "replace").split("\n")
    return next((line.strip()[:_LONGEST] for line in reversed(lines) if line.strip()), None)


def _is_alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
