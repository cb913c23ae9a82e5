# SPDX-License-Identifier: Apache-2.0
"""Carries out acts: publishes a release, shifts the nodes, starts a job."""

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
    """Carry out every act, in order. Each may have been carried out before.

    Raises:
        FederationError: An act has to be tried again.
    """
    for action in decision.outcome.acts:
        match action:
            case Publish(release=release):
                _publish(release, decision, ports)
            case Shift():
                ports.traffic.shift(action)
            case Launch():
                _launch(action, decision.event, ports)


def _launch(job: Launch, event: Event, ports: Ports) -> None:
    """Start the job. If its platform refuses it for good, announce it as failed.

    The job has also failed if the platform has no machine and another place may have one. That is stored first: at the
    next delivery a machine may be free, but by then the job may run at the other place, and must not start here.
    """
    try:
        ports.trainer.launch(job.name, job.job)
    except ContractError as error:
        ports.bus.announce([failure.refusal_event(job.name, job.job, str(error), event.time)])
    except CapacityError as error:
        if not job.elsewhere:
            raise
        ports.store.claim(names.turned_away_job(job.name), canonical({"name": job.name, "why": str(error)}))
        ports.bus.announce([failure.capacity_event(job.name, job.job, str(error), event.time)])


def _publish(release: str, decision: Decision, ports: Ports) -> None:
    """Publish the release, unless its receipt is stored. A second publication would accept a tag that was moved."""
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
    """Store a final refusal, so that the next delivery finds it.

    A conflict is only a race, and is not stored, unless the release's tag is on other content.
    """
    is_conflict = isinstance(error, ConflictError)
    if is_conflict and ((receipt := ports.registry.find(release)) is None or receipt.digest == digest_of(body)):
        return
    ports.store.claim(
        names.unpublished(release), canonical({"release": release, "why": str(error), "taken": is_conflict})
    )
