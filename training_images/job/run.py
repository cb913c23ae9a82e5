# SPDX-License-Identifier: Apache-2.0
"""Runs a trainer. The result is a unit with its manifest, or one sentence about why there is none."""

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
"""Trains and measures; writes into the job's folder and returns the units."""
_LONGEST: Final = 960
"""The most characters of a failure: SageMaker passes on 1,024, including some of its own."""


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
        settings: The names of the settings that the trainer reads; others are refused. None refuses none.

    Returns:
        The exit code: 0 shipped, 42 configured wrong (do not try again), 143 interrupted with a checkpoint, 1 anything
        else.
    """
    words = sys.argv[1:] if arguments is None else arguments
    variables = os.environ if environment is None else environment
    files_root = root or Path(variables.get("CONTRACT_ROOT", "/"))
    try:
        spec = detect.spec(files_root, variables, words)
    except Exception as error:  # noqa: BLE001 - a platform may differ from its documentation
        return _report_failure(detect.failure(files_root, variables), error)
    return _run_job(train, spec, variables, settings)


def _run_job(train: Train, spec: JobSpec, environment: Mapping[str, str], settings: Collection[str] | None) -> int:
    try:
        folder = _scratch()
        _clear_failure(spec.failure)
    except Exception as error:  # noqa: BLE001 - as in `run`
        return _report_failure(spec.failure, error)
    job = Job(spec, folder)
    job.stop_on_sigterm()
    try:
        if settings is not None:
            refuse_unknown(spec.settings.given, settings)
        _check_shipping(spec, environment)
        if spec.upload:
            shutil.rmtree(spec.output, ignore_errors=True)  # an earlier job's files would be pushed too
        results = train(job)
        job.leave_by(None)
        if spec.rank == 0:
            manifest = ship(job, results, environment, own_words(train.__module__))
            if spec.upload:
                upload(spec.output, spec.upload)
            print(f"shipped {spec.upload or manifest}", flush=True)
    except Exception as error:  # noqa: BLE001 - every failure becomes a sentence and an exit code
        job.leave_by(None)
        return _report_failure(spec.failure, job.left or error)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return 0


def _scratch() -> Path:
    """Create a folder to work in.

    Raises:
        ConfigError: There is no place for it.
    """
    try:
        return Path(tempfile.mkdtemp(prefix="federation-"))
    except FileNotFoundError as error:
        raise ConfigError(
            "there is no folder to work in: where an image's files may only be read, mount a folder and name it in TMPDIR"
        ) from error


def _clear_failure(failure: Path) -> None:
    """Delete an earlier job's failure; a file that the platform keeps open stays."""
    with suppress(OSError):
        failure.unlink()


def _check_shipping(spec: JobSpec, environment: Mapping[str, str]) -> None:
    """Check before training everything already known that would prevent measuring or shipping.

    Raises:
        ConfigError: The machine has no price, the number of requests, the unit's name or its time is not valid, or the
            destination cannot be reached.
    """
    spec.settings.integer("requests", 1, least=1)
    prices().an_hour(spec.platform, spec.machine)
    refuse_no_name(spec)
    produced_at(environment)
    if spec.upload:
        target(spec.upload)
    place = next(path for path in (spec.output, *spec.output.absolute().parents) if path.exists())
    if not (place.is_dir() and os.access(place, os.W_OK)):
        raise ConfigError(
            f"user {os.getuid()} may not make a folder in {place}, where the unit should go: let the image run as whoever "
            "may (docker build --build-arg RUN_AS=0 makes one for SageMaker)"
        )


def _report_failure(place: Path | None, error: Exception) -> int:
    text = sentence(error)[:_LONGEST]
    print(text, file=sys.stderr, flush=True)
    if place is not None:
        try:
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_text(text + "\n", encoding="utf-8")
        except OSError as full:
            print(f"the sentence could not be kept at {place}: {full}", file=sys.stderr)
    if isinstance(error, Interrupted):
        return INTERRUPTED
    return CONFIGURED_WRONG if isinstance(error, (ConfigError, ContractError)) else FAILED
