# SPDX-License-Identifier: Apache-2.0
"""How are acts carried out: how is a release published, how are the nodes shifted, how is a job started?"""

import logging

import msgspec

from federation.core import failure, names
from federation.core.decision import Decision
from federation.core.digest import canonical, digest_of
from federation.core.event import Event
from federation.core.outcome import Launch, Publish, Shift
from federation.errors import CapacityError, ConflictError, ContractError, MissingError
from federation.ports import Ports

log = logging.getLogger("federation")


def act(decision: Decision, ports: Ports) -> None:
    """Carry out every act, in order; each may have been carried out before.

    Raises:
        FederationError: An act has to be tried again.
    """
    for one in decision.outcome.acts:
        match one:
            case Publish(release=release):
                _publish(release, decision, ports)
            case Shift():
                ports.traffic.shift(one)
            case Launch():
                _launch(one, decision.event, ports)


def _launch(job: Launch, event: Event, ports: Ports) -> None:
    """Start the job; if its platform refuses it for good, it has failed, which is announced like any other failure.

    It has also failed if the platform has no machine for it and another place may have one. That is written down first:
    at the next delivery a machine may be free, but the job must not start any more, as it may run at the other place by
    then.
    """
    try:
        ports.trainer.launch(job.name, job.job)
    except ContractError as error:
        ports.bus.announce([failure.refused(job.name, job.job, str(error), event.time)])
    except CapacityError as error:
        if not job.elsewhere:
            raise
        ports.store.claim(names.turned_away_job(job.name), canonical({"name": job.name, "why": str(error)}))
        ports.bus.announce([failure.turned_away(job.name, job.job, str(error), event.time)])


def _publish(release: str, decision: Decision, ports: Ports) -> None:
    """Publish the release unless its receipt is stored; to publish again would accept a tag that was moved since."""
    new = names.release(release) in {document.name for document in decision.outcome.documents}
    if not new and ports.store.read(names.receipt(release)) is not None:
        return
    body = ports.store.read(names.release(release))
    if body is None:
        raise MissingError(f"{release} cannot be published: the store does not contain it")
    try:
        receipt = ports.registry.publish(release, body)
    except (ConflictError, ContractError) as error:
        _remember_refusal(error, release, body, ports)
        if not decision.knew(names.unpublished(release)):
            raise
        log.warning("%s is still not published: %s", release, error)
        return
    ports.store.keep(names.receipt(release), canonical(msgspec.to_builtins(receipt)))


def _remember_refusal(error: ConflictError | ContractError, release: str, body: bytes, ports: Ports) -> None:
    """Write down a refusal that no retry mends, so that the next delivery takes it into account.

    A conflict is only a race, and not written down, unless the release's tag is on other content.
    """
    taken = isinstance(error, ConflictError)
    if taken and ((found := ports.registry.find(release)) is None or found.digest == digest_of(body)):
        return
    ports.store.claim(names.unpublished(release), canonical({"release": release, "why": str(error), "taken": taken}))
