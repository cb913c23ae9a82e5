# SPDX-License-Identifier: Apache-2.0
"""Runs a trainer. The result is a unit with its manifest, or one sentence about why there is none."""

import os
import shutil
import sys
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from training_images.job import detect
from training_images.job.card import card_template
from training_images.job.draft import refuse_unshippable
from training_images.job.errors import ConfigError
from training_images.job.job import Job
from training_images.job.naming import refuse_no_name
from training_images.job.prices import prices
from training_images.job.report import report_failure
from training_images.job.result import UnitResult
from training_images.job.scratch import scratch
from training_images.job.shipping import produced_at, ship
from training_images.job.spec import JobSpec
from training_images.job.unknown_settings import refuse_unknown
from training_images.job.upload import target, upload

Train = Callable[[Job], Sequence[UnitResult]]
"""Trains and measures; writes into the job's folder and returns the units."""


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
        return report_failure(detect.failure(files_root, variables), error)
    return _run_job(train, spec, variables, settings)


def _run_job(train: Train, spec: JobSpec, environment: Mapping[str, str], settings: Collection[str] | None) -> int:
    try:
        folder = scratch()
        _clear_failure(spec.failure)
    except Exception as error:  # noqa: BLE001 - as in `run`
        return report_failure(spec.failure, error)
    job = Job(spec, folder)
    job.stop_on_sigterm()
    try:
        if settings is not None:
            refuse_unknown(spec.settings.given, settings)
        _check_shipping(spec, environment)
        if spec.upload:
            shutil.rmtree(spec.output, ignore_errors=True)  # an earlier job's files would be pushed too
        results = train(job)
        job.on_interruption(None)
        if spec.rank == 0:
            manifest = ship(job, results, environment, card_template(train.__module__))
            if spec.upload:
                upload(spec.output, spec.upload)
            print(f"shipped {spec.upload or manifest}", flush=True)
    except Exception as error:  # noqa: BLE001 - every failure becomes a sentence and an exit code
        job.on_interruption(None)
        return report_failure(spec.failure, job.left or error)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return 0


def _clear_failure(failure: Path) -> None:
    """Delete an earlier job's failure; a file that the platform keeps open stays."""
    with suppress(OSError):
        failure.unlink()


def _check_shipping(spec: JobSpec, environment: Mapping[str, str]) -> None:
    """Check before training everything already known that would prevent measuring or shipping.

    Raises:
        ConfigError: The machine has no price, the number of requests, the unit's name, its time or what else the job
            states is not valid, or the destination cannot be reached.
    """
    spec.settings.integer("requests", 1, least=1)
    prices().an_hour(spec.platform, spec.machine)
    refuse_no_name(spec)
    refuse_unshippable(spec, environment, produced_at(environment))
    if spec.upload:
        target(spec.upload)
    place = next(path for path in (spec.output, *spec.output.absolute().parents) if path.exists())
    if not (place.is_dir() and os.access(place, os.W_OK)):
        raise ConfigError(
            f"user {os.getuid()} may not make a folder in {place}, where the unit should go: let the image run as whoever "
            "may (docker build --build-arg RUN_AS=0 makes one for SageMaker)"
        )
