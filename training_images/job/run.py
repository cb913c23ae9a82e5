# SPDX-License-Identifier: Apache-2.0
"""How does a platform's job become a unit with its manifest, or one sentence that says why there is none?"""

import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final

from federation.errors import ContractError
from training_images.job import detect
from training_images.job.card import own_words
from training_images.job.errors import CONFIGURED_WRONG, FAILED, INTERRUPTED, ConfigError, Interrupted, sentence
from training_images.job.job import Job
from training_images.job.naming import refuse_no_name
from training_images.job.prices import prices
from training_images.job.result import Made
from training_images.job.shipping import produced_at, ship
from training_images.job.spec import JobSpec
from training_images.job.unknown_settings import refuse_unknown
from training_images.job.upload import target, upload

Train = Callable[[Job], Sequence[Made]]
"""Learns and measures; writes into the job's folder and returns what it made."""
_LONGEST: Final = 960
"""Most characters of a failure: SageMaker passes on 1,024, and needs some for its own words and the exit code."""


def run(
    train: Train,
    arguments: Sequence[str] | None = None,
    environment: Mapping[str, str] | None = None,
    root: Path | None = None,
    *,
    settings: Collection[str] | None = None,
) -> int:
    """Run a trainer on the platform that this machine belongs to.

    Args:
        train: The trainer.
        arguments: The command line without the program; this process's unless given.
        environment: This process's unless given.
        root: Root of the machine's files: CONTRACT_ROOT for trials, else `/`.
        settings: The names of the settings that the trainer reads; every other one is refused. Unless given, none is.

    Returns:
        The exit code: 0 shipped, 42 wrong and not to be tried again, 143 interrupted with a checkpoint, 1 anything
        else.
    """
    words = sys.argv[1:] if arguments is None else arguments
    told = os.environ if environment is None else environment
    top = root or Path(told.get("CONTRACT_ROOT", "/"))
    try:
        spec = detect.spec(top, told, words)
    except Exception as error:  # noqa: BLE001 - a platform that differs from its documentation becomes a sentence, too
        return _failed(detect.failure(top, told), error)
    return _carried_out(train, spec, told, settings)


def _carried_out(train: Train, spec: JobSpec, environment: Mapping[str, str], settings: Collection[str] | None) -> int:
    try:
        folder = _scratch()
        _forget(spec.failure)
    except Exception as error:  # noqa: BLE001 - as in `run`
        return _failed(spec.failure, error)
    job = Job(spec, folder)
    job.stop_on_sigterm()
    try:
        if settings is not None:
            refuse_unknown(spec.settings.given, settings)
        _could_ship(spec, environment)
        if spec.upload:
            shutil.rmtree(spec.output, ignore_errors=True)  # an earlier job's files would be pushed too
        made = train(job)
        job.leave_by(None)
        if spec.rank == 0:
            manifest = ship(job, made, environment, own_words(train.__module__))
            if spec.upload:
                upload(spec.output, spec.upload)
            print(f"shipped {spec.upload or manifest}", flush=True)
    except Exception as error:  # noqa: BLE001 - the last place: whatever it was becomes a sentence and an exit code
        job.leave_by(None)
        return _failed(spec.failure, job.left or error)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return 0


def _scratch() -> Path:
    """Create a folder to work in.

    Raises:
        ConfigError: No place for one was found.
    """
    try:
        return Path(tempfile.mkdtemp(prefix="federation-"))
    except FileNotFoundError as error:
        raise ConfigError(
            "there is no folder to work in: where an image's files may only be read, mount a folder and name it in TMPDIR"
        ) from error


def _forget(failure: Path) -> None:
    """Clear an earlier job's failure; a file that the platform holds open stays as it is."""
    with suppress(OSError):
        failure.unlink()


def _could_ship(spec: JobSpec, environment: Mapping[str, str]) -> None:
    """Check, before an hour is spent on training, everything already known that would prevent shipping.

    Raises:
        ConfigError: The machine has no price, the unit's name or its moment is not valid, or the destination cannot be
            reached.
    """
    prices().an_hour(spec.platform, spec.machine)
    refuse_no_name(spec)
    produced_at(environment)
    if spec.upload:
        target(spec.upload)
    place = next(one for one in (spec.output, *spec.output.absolute().parents) if one.exists())
    if not (place.is_dir() and os.access(place, os.W_OK)):
        raise ConfigError(
            f"user {os.getuid()} may not make a folder in {place}, where the unit should go: let the image run as whoever "
            "may (docker build --build-arg RUN_AS=0 makes one for SageMaker)"
        )


def _failed(place: Path | None, error: Exception) -> int:
    told = sentence(error)[:_LONGEST]
    print(told, file=sys.stderr, flush=True)
    if place is not None:
        try:
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_text(told + "\n", encoding="utf-8")
        except OSError as full:
            print(f"the sentence could not be kept at {place}: {full}", file=sys.stderr)
    if isinstance(error, Interrupted):
        return INTERRUPTED
    return CONFIGURED_WRONG if isinstance(error, (ConfigError, ContractError)) else FAILED
