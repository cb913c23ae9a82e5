# SPDX-License-Identifier: Apache-2.0
"""How is a release published on the Hub exactly once, and found again?

All releases are in one model repository. One commit contains the card and, last, manifest.json. A tag with the
release's name points to that commit for ever. The Hub cannot write both at once, and a response can be lost. So the
repository is read before it is written, and the commit is conditional on the parent that was read.
"""

import hashlib
from collections.abc import Callable
from itertools import islice
from typing import Any, Final

import msgspec

from federation.core.digest import digest_of
from federation.errors import ConflictError, ContractError, ServiceError
from federation.hub.calls import service_call, status_of
from federation.hub.card import page
from federation.hub.files import Place, commit_of, opened
from federation.hub.history import Commit, history
from federation.ports import Receipt

ATTEMPTS: Final = 5
"""Attempts at a commit, if others commit at the same time. The next delivery tries again."""

LOOK_BACK: Final = 50
"""Commits searched for ours after a lost response: one page of the Hub's history."""

HASHED_BYTES: Final = 67_108_864
"""The most bytes of a manifest that are hashed; a longer one is not ours."""

_MANIFEST: Final = "manifest.json"
_ABSENT: Final = 404
_TAKEN: Final = 409
_OVERTAKEN: Final = 412


class _Manifest(msgspec.Struct, frozen=True, kw_only=True):
    commit: str
    digest: str


class HubRegistry:
    """Commits and tags of one model repository, which is created if it is missing."""

    def __init__(self, api: Callable[[], Any], repo: str, *, private: bool | None = None) -> None:
        """A registry.

        Args:
            api: Makes the `HfApi` at its first use.
            repo: `<owner>/<name>`.
            private: Visibility of a repository that has to be created; None for the owner's default.
        """
        self._api = api
        self._repo = repo
        self._private = private

    def publish(self, release: str, body: bytes) -> Receipt:
        """Commit and tag the release; idempotent: a second call returns the first one's commit.

        Raises:
            ConflictError: The tag names other content, or others kept committing.
            ContractError: The Hub refuses the card, or the tag points to a commit without a manifest.
            ServiceError: A call failed, and did not publish the release.
        """
        digest = digest_of(body)
        receipt = self.find(release) or self._tag(release, self._commit_once(release, body, digest), digest)
        if receipt.digest != digest:
            raise ConflictError(
                f"{self._repo} has the tag {release} on other content: {receipt.digest} at {receipt.commit}, not {digest}"
            )
        return receipt

    def find(self, release: str) -> Receipt | None:
        """The release under that tag now; None if there is no tag, or no manifest at its commit. It costs one call."""
        manifest = self._manifest_at(release)
        return Receipt(commit=manifest.commit, tag=release, digest=manifest.digest) if manifest else None

    def _manifest_at(self, revision: str) -> _Manifest | None:
        """The manifest at a tag or commit, or None if there is none."""
        place = Place(repo=self._repo, revision=revision, path=_MANIFEST)
        with opened(self._api(), place) as file:
            if file is None:
                return None
            sha256, size = hashlib.sha256(), 0
            for chunk in file.chunks:
                sha256.update(chunk)
                if (size := size + len(chunk)) > HASHED_BYTES:
                    break
            return _Manifest(commit=commit_of(file, place), digest=f"sha256:{sha256.hexdigest()}")

    def _commit_once(self, release: str, body: bytes, digest: str) -> str:
        """The id of the commit with the release: an earlier one of ours, or a new one."""
        for _ in range(ATTEMPTS):
            commits = self._commits()
            if commit_id := self._existing_commit(commits, release, digest):
                return commit_id
            try:
                return self._commit(release, body, digest, parent=commits[0].id)
            except ServiceError as error:
                if status_of(error.__cause__) == _OVERTAKEN:
                    continue
                if commit_id := self._existing_commit(self._commits(), release, digest):
                    return commit_id
                raise
        raise ConflictError(f"others committed to {self._repo} during each of {ATTEMPTS} attempts to publish {release}")

    def _commits(self) -> list[Commit]:
        """The newest commits of the repository, which is created if it is missing."""
        try:
            return self._newest_commits()
        except ServiceError as error:
            if status_of(error.__cause__) != _ABSENT:
                raise
        with service_call(f"creating {self._repo}"):
            self._api().create_repo(self._repo, repo_type="model", private=self._private, exist_ok=True)
        return self._newest_commits()

    def _newest_commits(self) -> list[Commit]:
        with service_call(f"listing the commits of {self._repo}"):
            commits = list(islice(history(self._api(), self._repo), LOOK_BACK))
        if not commits:
            raise ServiceError(f"Hugging Face Hub: listing the commits of {self._repo} failed: the answer names none")
        return commits

    def _existing_commit(self, commits: list[Commit], release: str, digest: str) -> str | None:
        """The id of the commit with the release's title and a manifest of its digest; None if there is none."""
        candidates = (commit.id for commit in commits if commit.title == release and digest in commit.message)
        return next(
            (id_ for id_ in candidates if (manifest := self._manifest_at(id_)) and manifest.digest == digest), None
        )

    def _commit(self, release: str, body: bytes, digest: str, *, parent: str) -> str:
        """The id of the new commit; the Hub refuses it with 412 if the head is no longer `parent`."""
        from huggingface_hub import CommitOperationAdd

        files = {"README.md": page(msgspec.json.decode(body)).encode(), _MANIFEST: body}
        operations = [CommitOperationAdd(path, content) for path, content in files.items()]
        message = f"{_MANIFEST} is {digest}"
        try:
            with service_call(f"committing {release} to {self._repo}"):
                answer = self._api().create_commit(
                    self._repo, operations, commit_message=release, commit_description=message, parent_commit=parent
                )
        except ValueError as error:
            if status_of(error.__cause__) is None:  # not a refusal: the client could not read the answer
                raise ServiceError(f"Hugging Face Hub: committing {release} to {self._repo} failed: {error}") from error
            raise ContractError(f"the Hub refuses the card of {release}: {error}") from error
        return str(answer.oid)

    def _tag(self, release: str, commit: str, digest: str) -> Receipt:
        """Tag our commit. Returns the receipt, of another commit if the tag was created in between."""
        try:
            with service_call(f"tagging {release} in {self._repo}"):
                self._api().create_tag(self._repo, tag=release, revision=commit, tag_message=digest)
        except ServiceError as error:
            if receipt := self.find(release):
                return receipt
            if status_of(error.__cause__) == _TAKEN and self._has_tag(release):
                raise ContractError(f"{self._repo} has the tag {release} on a commit without {_MANIFEST}") from error
            raise
        return Receipt(commit=commit, tag=release, digest=digest)

    def _has_tag(self, release: str) -> bool:
        """Whether the tag exists. A 409 does not prove that: it may also mean that the repository is being changed."""
        with service_call(f"listing the tags of {self._repo}"):
            return any(tag.name == release for tag in self._api().list_repo_refs(self._repo).tags)
