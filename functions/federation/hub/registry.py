# SPDX-License-Identifier: Apache-2.0
"""How is a release published on the Hub exactly once, and found again?

All releases live in one model repository. One commit contains the card and, last, manifest.json; a tag with the
release's name points to that commit for ever. The Hub has no transaction over both, and a response can be lost. So the
repository is read before anything is written, and the commit is conditional on the parent that was read.
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
"""Attempts at a commit whose parent others keep moving, before we give up until the next delivery."""

LOOK_BACK: Final = 50
"""Commits searched for ours after a lost response: one page of the Hub's history."""

HASHED_BYTES: Final = 67_108_864
"""At most this many bytes of a manifest are hashed; a longer one is not ours."""

_MANIFEST: Final = "manifest.json"
_ABSENT: Final = 404
_TAKEN: Final = 409
_OVERTAKEN: Final = 412


class _Held(msgspec.Struct, frozen=True, kw_only=True):
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
            ServiceError: A call failed, and the release was not published by it either.
        """
        wanted = digest_of(body)
        found = self.find(release) or self._tagged(release, self._committed(release, body, wanted), wanted)
        if found.digest != wanted:
            raise ConflictError(
                f"{self._repo} has the tag {release} on other content: {found.digest} at {found.commit}, not {wanted}"
            )
        return found

    def find(self, release: str) -> Receipt | None:
        """What the registry has under that tag now, in one call; None without the tag, or without a manifest at it."""
        held = self._held(release)
        return Receipt(commit=held.commit, tag=release, digest=held.digest) if held else None

    def _held(self, revision: str) -> _Held | None:
        """The manifest at a tag or commit, or None when there is none."""
        place = Place(repo=self._repo, revision=revision, path=_MANIFEST)
        with opened(self._api(), place) as file:
            if file is None:
                return None
            hashed, size = hashlib.sha256(), 0
            for chunk in file.chunks:
                hashed.update(chunk)
                if (size := size + len(chunk)) > HASHED_BYTES:
                    break
            return _Held(commit=commit_of(file, place), digest=f"sha256:{hashed.hexdigest()}")

    def _committed(self, release: str, body: bytes, wanted: str) -> str:
        """The commit with the release: an earlier one of ours, or a new one on the head that was read."""
        for _ in range(ATTEMPTS):
            commits = self._commits()
            if ours := self._ours(commits, release, wanted):
                return ours
            try:
                return self._commit(release, body, wanted, parent=commits[0].id)
            except ServiceError as error:
                if status_of(error.__cause__) == _OVERTAKEN:
                    continue
                if ours := self._ours(self._commits(), release, wanted):
                    return ours
                raise
        raise ConflictError(f"others committed to {self._repo} during each of {ATTEMPTS} attempts to publish {release}")

    def _commits(self) -> list[Commit]:
        """The newest commits of the repository, which is created if it is missing."""
        try:
            return self._listed()
        except ServiceError as error:
            if status_of(error.__cause__) != _ABSENT:
                raise
        with service_call(f"creating {self._repo}"):
            self._api().create_repo(self._repo, repo_type="model", private=self._private, exist_ok=True)
        return self._listed()

    def _listed(self) -> list[Commit]:
        with service_call(f"listing the commits of {self._repo}"):
            found = list(islice(history(self._api(), self._repo), LOOK_BACK))
        if not found:
            raise ServiceError(f"Hugging Face Hub: listing the commits of {self._repo} failed: the answer names none")
        return found

    def _ours(self, commits: list[Commit], release: str, wanted: str) -> str | None:
        """The commit whose title names the release and whose manifest has its digest; a title alone proves nothing."""
        told_so = (one.id for one in commits if one.title == release and wanted in one.message)
        return next((id_ for id_ in told_so if (held := self._held(id_)) and held.digest == wanted), None)

    def _commit(self, release: str, body: bytes, wanted: str, *, parent: str) -> str:
        """The new commit; the Hub refuses it with 412 when the head is no longer `parent`."""
        from huggingface_hub import CommitOperationAdd  # noqa: PLC0415 - with the client

        files = {"README.md": page(msgspec.json.decode(body)).encode(), _MANIFEST: body}
        operations = [CommitOperationAdd(path, content) for path, content in files.items()]
        message = f"{_MANIFEST} is {wanted}"
        try:
            with service_call(f"committing {release} to {self._repo}"):
                made = self._api().create_commit(
                    self._repo, operations, commit_message=release, commit_description=message, parent_commit=parent
                )
        except ValueError as error:
            if status_of(error.__cause__) is None:  # not refused: the client could not read an answer
                raise ServiceError(f"Hugging Face Hub: committing {release} to {self._repo} failed: {error}") from error
            raise ContractError(f"the Hub refuses the card of {release}: {error}") from error
        return str(made.oid)

    def _tagged(self, release: str, commit: str, wanted: str) -> Receipt:
        """The receipt once the tag exists: for our commit, or, if the tag was taken meanwhile, for the commit it names."""
        try:
            with service_call(f"tagging {release} in {self._repo}"):
                self._api().create_tag(self._repo, tag=release, revision=commit, tag_message=wanted)
        except ServiceError as error:
            if found := self.find(release):
                return found
            if status_of(error.__cause__) == _TAKEN and self._has_tag(release):
                raise ContractError(f"{self._repo} has the tag {release} on a commit without {_MANIFEST}") from error
            raise
        return Receipt(commit=commit, tag=release, digest=wanted)

    def _has_tag(self, release: str) -> bool:
        """Whether the tag exists; the Hub also answers 409 while it is busy with another change of the repository."""
        with service_call(f"listing the tags of {self._repo}"):
            return any(tag.name == release for tag in self._api().list_repo_refs(self._repo).tags)
