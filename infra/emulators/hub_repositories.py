# SPDX-License-Identifier: Apache-2.0
"""What does a Hub repository contain, and which changes does the Hub refuse?

Commits are snapshots, and a branch or a tag points to one. A commit that states its parent is refused if the branch has
moved since. Nothing here knows HTTP.
"""

import hashlib
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

Clock = Callable[[], datetime]

ATTRIBUTES = b"*.safetensors filter=lfs diff=lfs merge=lfs -text\n"
"""Content of .gitattributes in the first commit of every repository, which the system makes."""


class HubError(Exception):
    """A refusal: status, message and the Hub's own error code, as the client reads them from the headers."""

    def __init__(self, status: int, message: str, code: str | None = None, **more: Any) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.code = code
        self.more = more


@dataclass(frozen=True, slots=True, kw_only=True)
class File:
    """One file of a commit; `lfs` is the SHA-256 of a large file, whose object id is that of its pointer."""

    body: bytes
    oid: str
    lfs: str | None = None

    @property
    def etag(self) -> str:
        """The value that the client compares with its copy: SHA-256 of a large file, git's SHA-1 of a small one."""
        return self.lfs or self.oid


@dataclass(frozen=True, slots=True, kw_only=True)
class Commit:
    """A snapshot of the whole repository."""

    oid: str
    files: Mapping[str, File]
    title: str
    message: str
    parent: str | None
    date: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Moved:
    """A ref that moved from one commit to another; None means before its creation or after its deletion."""

    ref: str
    old: str | None
    new: str | None

    def document(self) -> Mapping[str, str | None]:
        """The move as a webhook reports it."""
        return {"ref": self.ref, "oldSha": self.old, "newSha": self.new}


def small(body: bytes) -> File:
    """A file as git stores it."""
    return File(body=body, oid=_git_oid(body))


def large(body: bytes) -> File:
    """A file as LFS stores it."""
    sha256 = hashlib.sha256(body).hexdigest()
    pointer = f"version https://git-lfs.github.com/spec/v1\noid sha256:{sha256}\nsize {len(body)}\n"
    return File(body=body, oid=_git_oid(pointer.encode()), lfs=sha256)


def moment(clock: Clock) -> str:
    """The current time, in the Hub's format."""
    return clock().astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


@dataclass(slots=True, kw_only=True)
class Repository:
    """Branches, tags and commits of one model, data set or Space.

    Args:
        foretold: Ids of the next commits, for a story whose commits are known before they are made.
    """

    kind: str
    name: str
    id: str
    private: bool
    clock: Clock
    heads: dict[str, str] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)
    commits: dict[str, Commit] = field(default_factory=dict)
    lock: threading.RLock = field(default_factory=threading.RLock)
    foretold: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._append("main", {".gitattributes": small(ATTRIBUTES)}, "initial commit", "", None)

    @property
    def owner(self) -> str:
        """User or organisation."""
        return self.name.split("/", 1)[0]

    def at(self, revision: str) -> Commit:
        """The commit that a branch, a tag or a commit id identifies.

        Raises:
            HubError: 404 RevisionNotFound.
        """
        oid = self.heads.get(revision) or self.tags.get(revision) or revision
        commit = self.commits.get(oid)
        if commit is None:
            raise HubError(404, f"Invalid rev id: {revision}", "RevisionNotFound")
        return commit

    def history(self, revision: str) -> Iterator[Commit]:
        """The commit and its parents, newest first."""
        commit: Commit | None = self.at(revision)
        while commit is not None:
            yield commit
            commit = self.commits.get(commit.parent or "")

    def commit(
        self, branch: str, operations: Sequence[Mapping[str, Any]], header: Mapping[str, Any]
    ) -> tuple[Commit, Moved]:
        """Commit to the branch if it has not moved since the writer read it.

        Raises:
            HubError: 404 for an unknown branch, 412 if the branch has moved, 404 EntryNotFound for the deletion of a
                missing file.
        """
        with self.lock:
            if branch not in self.heads:
                raise HubError(404, f"Invalid rev id: {branch}", "RevisionNotFound")
            head = self.commits[self.heads[branch]]
            if header.get("parentCommit") not in (None, head.oid):
                raise HubError(412, "A commit has happened since. Please refresh and try again.")
            files = dict(head.files)
            for operation in operations:
                _apply(files, operation)
            made = self._append(branch, files, header["summary"], header.get("description", ""), head.oid)
        return made, Moved(ref=f"refs/heads/{branch}", old=head.oid, new=made.oid)

    def tag(self, name: str, revision: str) -> Moved:
        """Tag a commit; 409 if the tag exists, on whatever commit."""
        with self.lock:
            oid = self.at(revision).oid
            if name in self.tags:
                raise HubError(409, f"Tag reference exists already: {name}")
            self.tags[name] = oid
        return Moved(ref=f"refs/tags/{name}", old=None, new=oid)

    def untag(self, name: str) -> Moved:
        """Delete a tag."""
        with self.lock:
            if name not in self.tags:
                raise HubError(404, f"Tag doesn't exist: {name}", "RevisionNotFound")
            return Moved(ref=f"refs/tags/{name}", old=self.tags.pop(name), new=None)

    def branch(self, name: str, start: str) -> Moved:
        """Create a branch."""
        with self.lock:
            oid = self.at(start).oid
            if name in self.heads:
                raise HubError(409, f"Reference already exists: refs/heads/{name}")
            self.heads[name] = oid
        return Moved(ref=f"refs/heads/{name}", old=None, new=oid)

    def unbranch(self, name: str) -> Moved:
        """Delete a branch; main stays."""
        with self.lock:
            if name not in self.heads:
                raise HubError(404, f"Invalid rev id: {name}", "RevisionNotFound")
            if name == "main":
                raise HubError(403, "The main branch cannot be deleted")
            return Moved(ref=f"refs/heads/{name}", old=self.heads.pop(name), new=None)

    def _append(self, branch: str, files: Mapping[str, File], title: str, message: str, parent: str | None) -> Commit:
        seed = "\n".join((self.kind, self.name, self.id, str(len(self.commits)), title))
        oid = self.foretold.pop(0) if self.foretold else hashlib.sha1(seed.encode(), usedforsecurity=False).hexdigest()
        made = Commit(oid=oid, files=files, title=title, message=message, parent=parent, date=moment(self.clock))
        self.commits[oid] = made
        self.heads[branch] = oid
        return made


@dataclass(slots=True, kw_only=True)
class Repositories:
    """Every repository of the Hub, by kind and name."""

    clock: Clock
    held: dict[tuple[str, str], Repository] = field(default_factory=dict)
    made: int = 0

    def create(self, kind: str, name: str, *, private: bool, url: str) -> Repository:
        """Create a repository; 409 if it exists, with the `url` that the client's `exist_ok` needs."""
        if (kind, name) in self.held:
            raise HubError(409, f"You already created this {kind} repo: {name}", url=url)
        self.made += 1
        identity = hashlib.sha1(f"{kind}/{name}/{self.made}".encode(), usedforsecurity=False).hexdigest()[:24]
        self.held[kind, name] = Repository(kind=kind, name=name, id=identity, private=private, clock=self.clock)
        return self.held[kind, name]

    def find(self, kind: str, name: str) -> Repository:
        """The repository, or 404 RepoNotFound."""
        if (kind, name) not in self.held:
            raise HubError(404, "Repository not found", "RepoNotFound")
        return self.held[kind, name]

    def delete(self, kind: str, name: str) -> Repository:
        """Delete the repository, or 404 RepoNotFound."""
        found = self.find(kind, name)
        del self.held[kind, name]
        return found


def _apply(files: dict[str, File], operation: Mapping[str, Any]) -> None:
    """Apply one line of a commit: a file, one that is a `File` already, or a deletion."""
    path = operation["path"]
    match operation:
        case {"file": File() as file}:
            files[path] = file
        case {"folder": True}:
            for name in [name for name in files if name.startswith(f"{path.rstrip('/')}/")]:
                del files[name]
        case _:
            if files.pop(path, None) is None:
                raise HubError(404, f"A file with this name doesn't exist: {path}", "EntryNotFound")


def _git_oid(body: bytes) -> str:
    return hashlib.sha1(b"blob %d\0" % len(body) + body, usedforsecurity=False).hexdigest()
