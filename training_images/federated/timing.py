# SPDX-License-Identifier: Apache-2.0
"""How long does one request to the consortium's model take, compared with the serving model?"""

from collections.abc import Sequence

from training_images.evals.latency import Answer, Baseline, questions, requests, serving
from training_images.evals.suite import Part
from training_images.federated.answering import ValidatingModel, bounds, load_model, stated
from training_images.federated.probes import INSIDE
from training_images.federated.sources import Column
from training_images.job.errors import ConfigError
from training_images.job.result import LatencyResult
from training_images.job.spec import JobSpec
from training_images.job.unit_folder import ShippedUnit


def serving_model(spec: JobSpec, columns: Sequence[Column], kind: str, file: str) -> Baseline | None:
    """Open the serving model, if the channel `baseline` was given.

    Args:
        spec: The job, which knows the channel's folder.
        columns: The columns that a request to the candidate gives.
        kind: The unit's kind.
        file: The weights' file name in a unit.

    Raises:
        ConfigError: It cannot be read, or answers different requests.
    """

    def answering(unit: ShippedUnit) -> Answer:
        if set(stated(unit.contract.get("bounds", {}))) != set(stated(bounds(columns))):
            raise ConfigError(
                f"{unit.name} answers other requests than this model, so nothing compares them; "
                "train for the same consortium, or leave the channel baseline out"
            )
        return load_model(unit.path(file), unit.contract).answer

    return serving(spec, kind, answering)


def timed(spec: JobSpec, model: ValidatingModel, suite: Part, baseline: Baseline | None) -> LatencyResult:
    """Time requests from within the public bounds, one at a time, interleaved with the baseline's.

    Args:
        spec: The job, for its machine and price.
        model: The candidate.
        suite: The suite of such requests.
        baseline: The serving model, if there is one.
    """
    inside = [item for item in suite.items if item.category == INSIDE]
    # The tokens of a request are the numbers that the model multiplies: one per predictor.
    return requests(spec, model.answer, questions(spec, inside, lambda _: len(model.inputs)), baseline)
