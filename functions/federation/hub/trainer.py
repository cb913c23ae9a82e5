# SPDX-License-Identifier: Apache-2.0
"""Jobs on the Hub, and the pushes that complete them.

No event says that a job ended, and COMPLETED says only that its command ended. A job ships its unit as a commit on main
of a repository, so that push counts as its completion. The webhook of the same push gives the same event.
"""

import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

import msgspec

from federation.core import failure
from federation.core.digest import canonical
from federation.core.instant import text
from federation.errors import CapacityError, ContractError, ServiceError
from federation.hub.calls import service_call, status_of
from federation.hub.history import Commit, history
from federation.ports import RECENT

LABEL: Final = "federation_job"
KIND: Final = "federation_kind"
ENVIRONMENT: Final = "FEDERATION_JOB"
_DELETED: Final = "DELETED"
_FAILED: Final = ("ERROR", "CANCELED", _DELETED)
_MAIN: Final = "refs/heads/main"
_MODELS: Final = "hf://models/"
_REPO: Final = re.compile(r"(?!.*(?:--|\.\.))[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*", re.ASCII)
_ABSENT: Final = 404
_UNPAID: Final = 402
_INVALID: Final = frozenset({400, 422})
_MINUTES: Final = 24 * 60
"""The limit of a job without `max_minutes`; the Hub's own default is half an hour."""


class _Request(msgspec.Struct):
    """The part of a job's description that says where its unit goes."""

    output: str | None = None


class HubTrainer:
    """Jobs of one namespace. Completions are pushes to watched repositories and to the repositories of jobs."""

    def __init__(
        self,
        api: Callable[[], Any],
        namespace: str,
        repos: Collection[str] = (),
        *,
        secrets: Callable[[], Mapping[str, str]] | None = dict,
        labels: Mapping[str, str] | None = None,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        """A trainer.

        Args:
            api: Makes the `HfApi` at its first use.
            namespace: User or organisation that pays for the jobs.
            repos: Model repositories to watch, `<owner>/<name>`.
            secrets: Returns, at each launch, the job's secret environment variables, such as a token that may push;
                None if there are none, so a job cannot push.
            labels: Labels of every job, besides its name and kind.
            clock: Returns the present time.
        """
        self._api = api
        self._namespace = namespace
        self._repos = frozenset(repos)
        self._secrets = secrets
        self._labels = labels or {}
        self._clock = clock

    def refusal(self, name: str, job: Mapping[str, Any]) -> str | None:
        """Why the job cannot start here: several machines, half a command, or no token to push. None if it can."""
        if job.get("count", 1) != 1:
            return f"job {name} wants {job['count']} machines; a job on the Hub runs on one: set count to 1"
        if self._secrets is None and str(job.get("output") or "").startswith(_MODELS):
            return (
                f"job {name} could not push to {job['output']}: FEDERATION_HUB_JOB_TOKEN names no token for it; set it"
            )
        if not str(next(iter(job.get("arguments", ())), "-")).startswith("-"):
            return None
        return (
            f"jobs.{job['kind']} needs in `arguments` the whole command to run on the Hub, such as "
            "`python -m training_images.embedder --epochs 3`; write it there"
        )

    def launch(self, name: str, job: Mapping[str, Any]) -> None:
        """Start the job; a name that was started before starts nothing.

        The Hub chooses a job's id, so the name is a label that is looked up first. If two launches of one name run at once,
        two jobs may push; the version of the second is then rejected as taken.
        A job runs on one machine, which the Hub never preempts: `spot` has no effect here.

        Raises:
            ContractError: It cannot be started here, or the Hub refuses it.
            CapacityError: The namespace cannot pay for it.
        """
        if self._was_started(name):
            return
        if why := self.refusal(name, job):
            raise ContractError(why)
        try:
            self._run(name, job)
        except ServiceError as error:
            if self._was_started(name):
                return
            status = status_of(error.__cause__)
            if status == _UNPAID:
                raise CapacityError(*error.args) from error
            if status in _INVALID:
                raise ContractError(f"job {name} cannot run: {error}") from error
            raise

    def finished(self) -> Sequence[Mapping[str, Any]]:
        """Each recent push to main of the repositories, the newest of a repository first.

        Then our jobs that pushed nothing, ended in an error, or were cancelled or deleted.
        """
        since = self._clock() - RECENT
        pushing = dict(self._pushing_jobs(since))
        pushes = {repo: self._pushes(repo, since) for repo in sorted(self._repos | pushing.keys())}
        completions = [push for part in pushes.values() for push in part or ()]
        idle = [_no_push_failure(job, repo) for repo, job in pushing.items() if pushes[repo] is None]
        return [*completions, *idle, *self._failures(since)]

    def artifact(self, resource: str) -> str | None:
        """Always None: every event of the Hub names its commit already."""
        del resource
        return None

    def _was_started(self, name: str) -> bool:
        return any(self._jobs(labels={LABEL: name}))

    def _run(self, name: str, job: Mapping[str, Any]) -> None:
        """Start the job. The Hub does not document whether a command replaces an image's ENTRYPOINT or follows it.

        A whole command works in both cases: if it follows, our images ignore the words before the first option.
        """
        with service_call(f"running job {name}"):
            self._api().run_job(
                image=job["image"],
                command=[str(argument) for argument in job.get("arguments", ())],
                env={ENVIRONMENT: canonical(job).decode(), "FEDERATION_JOB_NAME": name},
                secrets=dict(self._secrets()) if self._secrets else {},
                flavor=job.get("machine"),
                timeout=60 * int(job.get("max_minutes") or _MINUTES),
                name=name,
                labels={**self._labels, KIND: str(job["kind"]), LABEL: name},
                namespace=self._namespace,
            )

    def _pushing_jobs(self, since: datetime) -> Iterator[tuple[str, Any]]:
        """Our completed jobs after their repositories' names; deleted ones too, since they may have pushed."""
        for job in self._recent_jobs(["COMPLETED", _DELETED], since):
            if repo := _repo_of(job.labels or {}, job.environment or {}):
                yield repo, job

    def _failures(self, since: datetime) -> Iterator[Mapping[str, Any]]:
        for job in self._recent_jobs(list(_FAILED), since):
            labels = job.labels or {}
            if job.status.stage == _DELETED and _repo_of(labels, job.environment or {}):
                continue  # its push, or no push, says how it ended
            if name := labels.get(LABEL):
                yield _failure(name, job)

    def _recent_jobs(self, status: Any, since: datetime) -> Iterator[Any]:
        for job in self._jobs(status=status):
            if job.created_at and job.created_at + RECENT < since:
                return  # the list is newest first, and no job runs that long
            yield job

    def _jobs(self, **filters: Any) -> Iterator[Any]:
        operation = f"listing the jobs of {self._namespace}"
        try:
            with service_call(operation):
                yield from self._api().list_jobs(namespace=self._namespace, **filters)
        except ValueError as error:  # the client's exception for a time or stage that it cannot read
            reason = f"{type(error).__name__}: {error}"
            raise ServiceError(
                f"Hugging Face Hub: {operation} failed: the answer has an unexpected form: {reason}"
            ) from error

    def _pushes(self, repo: str, since: datetime) -> Sequence[Mapping[str, Any]] | None:
        """The recent pushes to a repository; None if nothing was ever pushed there."""
        try:
            with service_call(f"looking at {repo}"):
                info = self._api().model_info(repo, expand=["sha", "lastModified"])
        except ServiceError as error:
            if status_of(error.__cause__) == _ABSENT:
                return None
            raise
        if info.last_modified and info.last_modified < since:
            return ()
        pushes: list[Mapping[str, Any]] = []
        with service_call(f"listing the commits of {repo}"):
            for commit in history(self._api(), repo):
                if datetime.fromisoformat(commit.date) < since:
                    return pushes
                if not commit.begins:
                    pushes.append(_completion(info.id, info._id, commit))  # noqa: SLF001 - the id, as in webhooks
        return pushes or None


def _completion(repo: str, identity: str, commit: Commit) -> Mapping[str, Any]:
    """The data of a push, the same as federation.sources.hub reads from its webhook."""
    return {
        "provider": "huggingface",
        "resource": f"{_MODELS}{repo}",
        "artifact_uri": f"{_MODELS}{repo}@{commit.id}",
        "revision": commit.id,
        "ref": _MAIN,
        "dedupe_key": f"hf|{identity}|{_MAIN}|{commit.id}",
        "completed_at": text(datetime.fromisoformat(commit.date)),
    }


def _no_push_failure(job: Any, repo: str) -> Mapping[str, Any]:
    """The failure of a completed job that pushed nothing that we can see."""
    reason = f"nothing was pushed to {repo}, as far as our token (HF_TOKEN) may see; the job's log may say why"
    return _failure(job.labels[LABEL], job, reason)


def _failure(name: str, job: Any, why: str | None = None) -> Mapping[str, Any]:
    """The data of a failed job; its log may say more."""
    stage = getattr(job.status.stage, "value", job.status.stage)
    reason = why or job.status.message or "the Hub gives no reason; its log may"
    resource = f"hf://jobs/{job.owner.name}/{job.id}"
    return {
        "provider": "huggingface",
        "resource": resource,
        "completed_at": text(job.finished_at or job.created_at),
        "dedupe_key": f"hf|{resource}|{stage}",
        "name": name,
        "failure": failure.sentence(stage, reason),
    }


def _repo_of(labels: Mapping[str, str], environment: Mapping[str, Any]) -> str | None:
    """`<owner>/<name>` for a job with the output `hf://models/<owner>`, else None. Anyone who runs jobs can write both."""
    try:
        output = msgspec.json.decode(environment[ENVIRONMENT], type=_Request).output or ""
        repo = f"{output.removeprefix(_MODELS).rstrip('/')}/{labels[LABEL]}"
    except (KeyError, TypeError, msgspec.DecodeError):
        return None
    return repo if output.startswith(_MODELS) and _REPO.fullmatch(repo) else None
