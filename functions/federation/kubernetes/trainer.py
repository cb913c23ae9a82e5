# SPDX-License-Identifier: Apache-2.0
"""Jobs in one namespace of a cluster. A job's name is the Job's name, so the cluster starts each name only once.

A cluster sends no events, so only the sweep finds jobs that ended.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from federation.core import failure
from federation.core.instant import text
from federation.errors import CapacityError, ContractError, ServiceError
from federation.kubernetes import meeting
from federation.kubernetes.calls import checked, service_call, status_of
from federation.kubernetes.clients import TIMEOUTS
from federation.kubernetes.job import LABEL, OUTPUT, Placement, job_of, labels_of, machines, unnameable, unreadable
from federation.kubernetes.pods import decisive_end

PAGE: Final = 200

_ABSENT: Final = 404
_TAKEN: Final = "409 AlreadyExists: "
"""Another 409 is Conflict: two requests changed the quota at once, and this one created no Job."""
_NO_QUOTA: Final = "exceeded quota: "
"""Part of the message if a 403 is about a quota; every other 403 is about permissions."""
_FORBIDDEN: Final = 403
_BY_RULE: Final = "PodFailurePolicy"
_INVALID: Final = frozenset({400, 422})


class KubernetesTrainer:
    """Jobs in one namespace of the client's cluster."""

    def __init__(
        self,
        batch: Callable[[], Any],
        namespace: str,
        placement: Placement | None = None,
        labels: Mapping[str, str] | None = None,
    ) -> None:
        """A trainer.

        Args:
            batch: Makes the `BatchV1Api` when it is first needed.
            namespace: The namespace of all jobs.
            placement: What this cluster needs to place them.
            labels: Labels of everything created for a job, besides its name and kind.
        """
        self._batch = batch
        self._namespace = namespace
        self._placement = placement or Placement()
        self._labels = labels or {}

    def refusal(self, name: str, job: Mapping[str, Any]) -> str | None:
        """Why the job cannot start here: `machine` is not a list of resources, or the name is not allowed. Else None."""
        return unreadable(name, job.get("machine")) or unnameable(name, machines(job))

    def launch(self, name: str, job: Mapping[str, Any]) -> None:
        """Start the job; a name that was started before starts nothing.

        Several machines get a Service, which the Job owns. After a crash, a redelivery creates what is missing.

        Raises:
            ContractError: It cannot be started here, or the cluster rejects it as malformed.
            CapacityError: The namespace's quota does not allow so many jobs now.
        """
        if why := self.refusal(name, job):
            raise ContractError(why)
        created = self._create(name, job)
        if machines(job) > 1:
            uid, labels = (created or self._read(name)).metadata.uid, labels_of(name, job, self._labels)
            meeting.offer(self._batch(), self._namespace, name, uid, labels)

    def finished(self) -> Sequence[Mapping[str, Any]]:
        """The data of each of our jobs that ended, in the order of their names; the cluster keeps a Job for RECENT.

        A completion time "is set when the job finishes successfully, and only then" (JobStatus). A failure is a condition.
        """
        return [completion for job in self._jobs() if job.status and (completion := self._completion(job))]

    def artifact(self, resource: str) -> str | None:
        """URI of a job's unit; None if it has no output, or there is no such job in this namespace."""
        prefix = self._resource("")
        if not resource.startswith(prefix):
            return None
        name = resource.removeprefix(prefix)
        try:
            return _output(self._read(name))
        except ServiceError as error:
            if status_of(error.__cause__) == _ABSENT:
                return None
            raise

    def _create(self, name: str, job: Mapping[str, Any]) -> Any | None:
        """Create the Job and return it; None if the name is taken."""
        body = job_of(name, job, self._placement, self._labels)
        operation = f"creating job {name} in {self._namespace}"
        try:
            with service_call(operation):
                answer = self._batch().create_namespaced_job(self._namespace, body, _request_timeout=TIMEOUTS)
            return checked(answer, operation)
        except ServiceError as error:
            status = status_of(error.__cause__)
            if status in _INVALID:
                raise ContractError(f"job {name} cannot run: {error}") from error
            if status == _FORBIDDEN and _NO_QUOTA in str(error):
                raise CapacityError(*error.args) from error
            if _TAKEN not in str(error):
                raise
            return None

    def _read(self, name: str) -> Any:
        operation = f"reading job {name} in {self._namespace}"
        with service_call(operation):
            answer = self._batch().read_namespaced_job(name, self._namespace, _request_timeout=TIMEOUTS)
        return checked(answer, operation)

    def _jobs(self) -> Iterator[Any]:
        operation, next_page = f"listing the jobs of {self._namespace}", None
        while True:
            with service_call(operation):
                page = self._batch().list_namespaced_job(
                    self._namespace, label_selector=LABEL, limit=PAGE, _continue=next_page, _request_timeout=TIMEOUTS
                )
            yield from checked(page, operation).items
            next_page = page.metadata._continue  # noqa: SLF001 - the client's name for `continue`
            if not next_page:
                return

    def _completion(self, job: Any) -> Mapping[str, Any] | None:
        name, output = job.metadata.name, _output(job)
        if job.status.completion_time:
            place = {"artifact_uri": output} if output else {}
            return {**self._completion_data(name, "Complete", job.status.completion_time), **place}
        if condition := _failed_condition(job):
            completion = self._completion_data(
                name, "Failed", condition.last_transition_time or job.metadata.creation_timestamp
            )
            return {**completion, "name": name, "failure": self._failure(name, condition)}
        return None

    def _failure(self, name: str, condition: Any) -> str:
        """A sentence with the condition's message and the pod's last words.

        The exit code is in the message if our failure policy ended the job; otherwise it is the pod's.
        """
        end = decisive_end(self._batch(), self._namespace, name)
        reason, words = condition.reason or "Failed", condition.message or "no message"
        code = end.code if end and reason != _BY_RULE else None
        sentence = failure.sentence(reason, words, code=code)
        return f"{sentence}: {end.words}" if end and end.words else sentence

    def _completion_data(self, name: str, how: str, at: datetime) -> dict[str, Any]:
        resource = self._resource(name)
        return {
            "provider": "kubernetes",
            "resource": resource,
            "dedupe_key": f"kubernetes|{resource}|{how}",
            "completed_at": text(at),
        }

    def _resource(self, name: str) -> str:
        return f"kubernetes://{self._namespace}/{name}"


def _output(job: Any) -> str | None:
    output = (job.metadata.annotations or {}).get(OUTPUT)
    return str(output) if output else None


def _failed_condition(job: Any) -> Any | None:
    """The condition `Failed`, whose reason is BackoffLimitExceeded, DeadlineExceeded or PodFailurePolicy."""
    conditions = job.status.conditions or ()
    return next(
        (condition for condition in conditions if condition.type == "Failed" and condition.status == "True"), None
    )
