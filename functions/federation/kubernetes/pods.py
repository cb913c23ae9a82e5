# SPDX-License-Identifier: Apache-2.0
"""How did the pods of a job end, and what were their last words?

A container's last words are what it wrote to /dev/termination-log (terminationMessagePath of a Container).
"""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any, Final

import msgspec

from federation.core.failure import CONFIGURED_WRONG
from federation.errors import ServiceError
from federation.kubernetes.calls import checked, service_call, status_of
from federation.kubernetes.clients import TIMEOUTS, core_api
from federation.kubernetes.job import CONTAINER, LABEL

_HIDDEN: Final = frozenset({403, 404})
"""Statuses for a caller that may not read pods; then only the Job's own condition is known."""
_PODS: Final = 200
_LONGEST_WORDS: Final = 1024


class End(msgspec.Struct, frozen=True, kw_only=True):
    """How one pod's container ended, and its last words, if any."""

    at: datetime
    code: int
    words: str


def decisive_end(batch: Any, namespace: str, job: str) -> End | None:
    """How the job failed: the end of a pod that was configured wrong, else the last end; None if none is known."""
    ends = sorted(_ends(batch, namespace, job), key=lambda end: (end.code == CONFIGURED_WRONG, end.at))
    return ends[-1] if ends else None


def _ends(batch: Any, namespace: str, job: str) -> Iterator[End]:
    for pod in _pods(batch, namespace, job):
        for status in (pod.status and pod.status.container_statuses) or ():
            terminated = status.state and status.state.terminated
            if status.name == CONTAINER and terminated and terminated.exit_code and terminated.finished_at:
                words = (terminated.message or "").strip()[:_LONGEST_WORDS]
                yield End(at=terminated.finished_at, code=terminated.exit_code, words=words)


def _pods(batch: Any, namespace: str, job: str) -> Sequence[Any]:
    operation = f"listing the pods of job {job} in {namespace}"
    try:
        with service_call(operation):
            page = core_api(batch).list_namespaced_pod(
                namespace, label_selector=f"{LABEL}={job}", limit=_PODS, _request_timeout=TIMEOUTS
            )
        pods: Sequence[Any] = checked(page, operation).items
    except ServiceError as error:
        if status_of(error.__cause__) in _HIDDEN:
            return ()
        raise
    return pods
