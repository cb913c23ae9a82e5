# SPDX-License-Identifier: Apache-2.0
"""How does a shipped runtime become a benchmark? It is asked over HTTP, in turns with the serving one."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Final

import msgspec

from training_images.evals import suite
from training_images.evals.labels import LABELS
from training_images.evals.leaks import check_rows
from training_images.evals.scoring import SAFETY
from training_images.inference_benchmark.measured import KIND, REPORT, Served, Serving, measured
from training_images.inference_benchmark.served import served
from training_images.job.errors import ConfigError
from training_images.job.job import Job
from training_images.job.result import Made, Record
from training_images.job.spec import JobSpec
from training_images.job.unit_folder import Shipped, shipped_unit
from training_images.runtime_distilled.asking import answered
from training_images.runtime_distilled.runtime import KIND as RUNTIME
from training_images.runtime_distilled.runtime import Runtime
from training_images.runtime_distilled.safe import safe

SETTINGS: Final = frozenset({"warm_up"})
"""The settings of this image, besides those that every image takes."""
_WARM_UP: Final = 50


def train(job: Job) -> Sequence[Made]:
    """Make one benchmark, with all the evidence that the gates need. Nothing is learned.

    Channels: `runtime` (the runtime-distilled unit to serve), `suite` (the eval suite), and, if a benchmark serves now,
    `baseline` (its unit) and `baseline_runtime` (the runtime that it measured, unless that lies in the same folder).
    """
    spec = job.spec
    asked = suite.asked(spec)
    for name in ("task", *SAFETY):
        check_rows(f"the suite's {name}", asked.parts[name].items, LABELS)
    unit = safe(shipped_unit(spec.channel("runtime"), RUNTIME))
    with _behind_http(unit) as candidate, _serving(spec) as baseline:
        for one in (candidate, *([baseline.served] if baseline else [])):
            one.warm_up(asked.parts["task"].texts, spec.settings.integer("warm_up", _WARM_UP))

        def told(benchmark: Shipped, channel: str) -> Sequence[Record]:
            return answered(_runtime_of(safe(benchmark), channel, spec), asked)

        return [measured(job, asked, candidate, baseline, told)]


@contextmanager
def _behind_http(unit: Shipped) -> Iterator[Served]:
    runtime = Runtime.of(unit)
    with served(lambda text: runtime.answer([text])[0]) as caller:
        yield Served(unit=unit, runtime=runtime, caller=caller)


@contextmanager
def _serving(spec: JobSpec) -> Iterator[Serving | None]:
    """The serving runtime, behind HTTP as well; None if it was not given."""
    if "baseline" not in spec.channels:
        yield None
        return
    benchmark = safe(shipped_unit(spec.channel("baseline"), KIND))
    with _behind_http(_runtime_of(benchmark, "baseline", spec)) as other:
        yield Serving(artifact=benchmark.artifact, served=other)


def _runtime_of(benchmark: Shipped, channel: str, spec: JobSpec) -> Shipped:
    """The runtime that a benchmark measured."""
    own = f"{channel}_runtime"
    unit = safe(shipped_unit(spec.channel(own if own in spec.channels else channel), RUNTIME))
    stated = _measured_runtime(benchmark)
    if stated != unit.artifact:
        raise ConfigError(
            f"{benchmark.name} measured the runtime {stated}, and {unit.name} is {unit.artifact}; give the channel "
            f"{own} the folder of the runtime that it measured"
        )
    return unit


def _measured_runtime(benchmark: Shipped) -> str:
    """The artifact digest of the runtime that a benchmark measured."""
    try:
        return str(msgspec.json.decode(benchmark.path(REPORT).read_bytes())["runtime"])
    except (msgspec.MsgspecError, KeyError, TypeError) as error:
        raise ConfigError(
            f"the {REPORT} of {benchmark.name} does not say which runtime it measured: {error}"
        ) from error
