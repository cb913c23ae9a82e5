# SPDX-License-Identifier: Apache-2.0
"""How long does one request to the consortium's model take, compared with the serving model?"""

from training_images.evals.latency import Answer, questions, requests, serving
from training_images.evals.suite import Part
from training_images.federated.answering import Answering, opened, stated
from training_images.federated.probes import INSIDE
from training_images.job.errors import ConfigError
from training_images.job.result import Timed
from training_images.job.spec import JobSpec
from training_images.job.unit_folder import Shipped


def timed(spec: JobSpec, model: Answering, suite: Part, kind: str, file: str) -> Timed:
    """Time requests from within the public bounds, one at a time, interleaved with the baseline's.

    Args:
        spec: The job, for its machine and price, and for the baseline's place if there is one.
        model: The candidate.
        suite: The suite of such requests.
        kind: The unit's kind.
        file: The weights' file name in a unit.

    Raises:
        ConfigError: The baseline cannot be read, or answers different requests.
    """
    inside = [item for item in suite.items if item.category == INSIDE]
    # The tokens of a request are the numbers that the model multiplies: one per predictor.
    timed_questions = questions(spec, inside, lambda _: len(model.inputs))
    return requests(
        spec, model.answer, timed_questions, serving(spec, kind, lambda unit: _answering(unit, model, file))
    )


def _answering(unit: Shipped, model: Answering, file: str) -> Answer:
    """Another model, provided that it answers the same requests as this one."""
    if set(stated(unit.contract.get("bounds", {}))) != set(model.columns):
        raise ConfigError(
            f"{unit.name} answers other requests than this model, so nothing compares them; "
            "train for the same consortium, or leave the channel baseline out"
        )
    return opened(unit.path(file), unit.contract).answer
