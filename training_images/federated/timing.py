# SPDX-License-Identifier: Apache-2.0
"""How long does one request to the consortium's model take, next to the model that serves now?"""

from training_images.evals.latency import Answer, questions, requests, serving
from training_images.evals.suite import Part
from training_images.federated.answering import Answering, opened, stated
from training_images.federated.probes import INSIDE
from training_images.job.errors import ConfigError
from training_images.job.made import Timed
from training_images.job.shipped import Shipped
from training_images.job.spec import JobSpec


def timed(spec: JobSpec, model: Answering, asked: Part, kind: str, file: str) -> Timed:
    """Requests from within the public bounds, one at a time; those of the baseline between them.

    Args:
        spec: Whose machine and price count, and where the baseline lies, if there is one.
        model: The candidate.
        asked: The suite that holds such requests.
        kind: The unit's.
        file: The weights' name in a unit.

    Raises:
        ConfigError: The baseline cannot be read, or answers other requests than these.
    """
    inside = [item for item in asked.items if item.category == INSIDE]
    # A request's tokens are the numbers that the model multiplies: one for each predictor.
    chosen = questions(spec, inside, lambda _: len(model.inputs))
    return requests(spec, model.answer, chosen, serving(spec, kind, lambda unit: _answering(unit, model, file)))


def _answering(unit: Shipped, model: Answering, file: str) -> Answer:
    """Another model, if it is asked what this one is."""
    if set(stated(unit.contract.get("bounds", {}))) != set(model.columns):
        raise ConfigError(
            f"{unit.name} answers other requests than this model, so nothing compares them; "
            "train for the same consortium, or leave the channel baseline out"
        )
    return opened(unit.path(file), unit.contract).answer
