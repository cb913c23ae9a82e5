# SPDX-License-Identifier: Apache-2.0
"""How long does one request to the consortium's model take, next to the model that serves now?"""

from training_images.evals.latency import REQUESTS, Baseline, Question, requests
from training_images.evals.suite import Part
from training_images.federated.answering import Answering, opened, stated
from training_images.federated.probes import INSIDE
from training_images.job.errors import ConfigError
from training_images.job.made import Timed
from training_images.job.shipped import shipped_unit
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
    return requests(spec, model.answer, _questions(spec, model, asked), _baseline(spec, model, kind, file))


def _questions(spec: JobSpec, model: Answering, asked: Part) -> list[Question]:
    """A request's tokens are the numbers that the model multiplies: one for each predictor."""
    inside = [item for item in asked.items if item.category == INSIDE]
    number = spec.settings.integer("requests", REQUESTS, least=1)
    return [Question(item=item.id, text=item.text, tokens=len(model.inputs)) for item in inside[:number]]


def _baseline(spec: JobSpec, model: Answering, kind: str, file: str) -> Baseline | None:
    """What serves now, if its folder was given."""
    if "baseline" not in spec.channels:
        return None
    unit = shipped_unit(spec.channel("baseline"), kind)
    if set(stated(unit.contract.get("bounds", {}))) != set(model.columns):
        raise ConfigError(
            f"{unit.name} answers other requests than this model, so nothing compares them; "
            "train for the same consortium, or leave the channel baseline out"
        )
    return Baseline(artifact=unit.artifact, answer=opened(unit.path(file), unit.contract).answer)
