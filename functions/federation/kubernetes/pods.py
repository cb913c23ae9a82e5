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
from federation.kubernetes.calls import service_call, status_of, whole
from federation.kubernetes.clients import TIMEOUTS, core_api
from federation.kubernetes.job import CONTAINER, LABEL

_HIDDEN: Final = frozenset({403, 404})
"""Statuses for a caller that may read only jobs; then only the Job's own condition is known."""
_PODS: Final = 200
_LONGEST_WORDS: Final = 1024


class End(msgspec.Struct, frozen=True, kw_only=True):
    """How one pod's container ended, and its last words, if any."""

    at: datetime
    code: int
    words: str


def decisive_end(batch: Any, namespace: str, job: str) -> End | None:
    """How the job failed: the end of a pod that is configured wrong, else the latest end; None if no end is known."""
    ends = sorted(_ends(batch, namespace, job), key=lambda end: (end.code == CONFIGURED_WRONG, end.at))
    return ends[-1] if ends else None


def _ends(batch: Any, namespace: str, job: str) -> Iterator[End]:
    for pod in _pods(batch, namespace, job):
        for one in (pod.status and pod.status.container_statuses) or ():
            ended = one.state and one.state.terminated
            if one.name == CONTAINER and ended and ended.exit_code and ended.finished_at:
                words = (ended.message or "").strip()[:_LONGEST_WORDS]
                yield End(at=ended.finished_at, code=ended.exit_code, words=words)


def _pods(batch: Any, namespace: str, job: str) -> Sequence[Any]:
    operation = f"listing the pods of job {job} in {namespace}"
    try:
        with service_call(operation):
            page = core_api(batch).list_namespaced_pod(
                namespace, label_selector=f"{LABEL}={job}", limit=_PODS, _request_timeout=TIMEOUTS
            )
        found: Sequence[Any] = whole(page, operation).items
    except ServiceError as error:
        if status_of(error.__cause__) in _HIDDEN:
            return ()
        raise
    return found
