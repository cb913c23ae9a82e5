# SPDX-License-Identifier: Apache-2.0
"""Makes a benchmark of a shipped runtime: requests over HTTP, in turns with the serving runtime."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Final

import msgspec

from training_images.evals import suite
from training_images.evals.labels import LABELS
from training_images.evals.leaks import check_rows
from training_images.evals.remeasured import open_early
from training_images.evals.scoring import SAFETY
from training_images.inference_benchmark.measured import KIND, REPORT, BaselineBenchmark, HttpRuntime, measure
from training_images.inference_benchmark.served import serve
from training_images.job.errors import ConfigError, Interrupted
from training_images.job.job import Job
from training_images.job.result import Record, UnitResult
from training_images.job.spec import JobSpec
from training_images.job.unit_folder import ShippedUnit, shipped_unit
from training_images.runtime_distilled.asking import task_records
from training_images.runtime_distilled.runtime import KIND as RUNTIME
from training_images.runtime_distilled.runtime import Runtime
from training_images.runtime_distilled.safe import safe

SETTINGS: Final = frozenset({"warm_up"})
"""The settings of this image, besides those that every image takes."""
_WARM_UP: Final = 50


def train(job: Job) -> Sequence[UnitResult]:
    """Make one benchmark, with all the evidence that the gates need. Nothing is trained.

    Channels: `runtime` (the runtime-distilled unit to serve), `suite` (the eval suite), and, if there is a serving
    benchmark, `baseline` (its unit) and `baseline_runtime` (the runtime that it measured, unless it is in that folder).
    """
    job.on_interruption(lambda: Interrupted("the platform stopped the job; this image saves no checkpoint"))
    spec = job.spec
    eval_suite = suite.load_suite(spec)
    for name in ("task", *SAFETY):
        check_rows(f"the suite's {name}", eval_suite.parts[name].items, LABELS)
    unit = safe(shipped_unit(spec.channel("runtime"), RUNTIME))
    digest = eval_suite.parts["task"].digest
    open_early(spec, KIND, digest, lambda other, channel: Runtime.of(_runtime_of(safe(other), channel, spec)))
    with _serve_runtime(unit) as candidate, _baseline(spec) as baseline:
        for runtime in (candidate, *([baseline.runtime] if baseline else [])):
            runtime.warm_up(eval_suite.parts["task"].texts, spec.settings.integer("warm_up", _WARM_UP))

        def baseline_records(benchmark: ShippedUnit, channel: str) -> Sequence[Record]:
            return task_records(_runtime_of(safe(benchmark), channel, spec), eval_suite)

        return [measure(job, eval_suite, candidate, baseline, baseline_records)]


@contextmanager
def _serve_runtime(unit: ShippedUnit) -> Iterator[HttpRuntime]:
    """The runtime of a unit, behind HTTP while the block runs."""
    runtime = Runtime.of(unit)
    with serve(lambda text: runtime.answer([text])[0]) as caller:
        yield HttpRuntime(unit=unit, runtime=runtime, caller=caller)


@contextmanager
def _baseline(spec: JobSpec) -> Iterator[BaselineBenchmark | None]:
    """The serving benchmark's runtime, also behind HTTP; None without the channel `baseline`."""
    if "baseline" not in spec.channels:
        yield None
        return
    benchmark = safe(shipped_unit(spec.channel("baseline"), KIND))
    with _serve_runtime(_runtime_of(benchmark, "baseline", spec)) as runtime:
        yield BaselineBenchmark(artifact=benchmark.artifact, runtime=runtime)


def _runtime_of(benchmark: ShippedUnit, channel: str, spec: JobSpec) -> ShippedUnit:
    """The runtime that a benchmark measured.

    Raises:
        ConfigError: The channel has another runtime.
    """
    runtime_channel = f"{channel}_runtime"
    unit = safe(shipped_unit(spec.channel(runtime_channel if runtime_channel in spec.channels else channel), RUNTIME))
    expected = _measured_runtime(benchmark)
    if expected != unit.artifact:
        raise ConfigError(
            f"{benchmark.name} measured the runtime {expected}, but {unit.name} is {unit.artifact}; give the channel "
            f"{runtime_channel} the folder of the runtime that it measured"
        )
    return unit


def _measured_runtime(benchmark: ShippedUnit) -> str:
    """The artifact digest of the runtime that a benchmark measured."""
    try:
        return str(msgspec.json.decode(benchmark.path(REPORT).read_bytes())["runtime"])
    except (msgspec.MsgspecError, KeyError, TypeError) as error:
        raise ConfigError(
            f"the {REPORT} of {benchmark.name} does not say which runtime it measured: {error}"
        ) from error
