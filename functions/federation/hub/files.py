# SPDX-License-Identifier: Apache-2.0
"""Streams a file at a revision from the Hub, without storing it on disk."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Literal

import msgspec

from federation.errors import ServiceError
from federation.hub.calls import service_call
from federation.hub.clients import headers

Kind = Literal["model", "dataset"]
_ABSENT = 404


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """A file of a repository at a branch, tag or commit."""

    repo: str
    revision: str
    path: str
    kind: Kind = "model"

    def __str__(self) -> str:
        return f"{self.path} of {self.repo}@{self.revision}"


class Opened(msgspec.Struct, frozen=True, kw_only=True):
    """A file being read: its commit, its size if the Hub states it, and its bytes as they arrive."""

    commit: str | None
    size: int | None
    chunks: Iterator[bytes]


@contextmanager
def opened(api: Any, place: Place) -> Iterator[Opened | None]:
    """The file, open until the context ends, or None if there is no such file, revision or repository.

    Raises:
        ServiceError: The Hub does not answer, refuses or breaks off, or a proxy answers.
    """
    from huggingface_hub import get_session, hf_hub_url, hf_raise_for_status

    url = hf_hub_url(place.repo, place.path, repo_type=place.kind, revision=place.revision, endpoint=api.endpoint)
    plain = {**headers(api), "Accept-Encoding": "identity"}
    with service_call(f"reading {place}"), get_session().stream("GET", url, headers=plain) as response:
        if response.status_code == _ABSENT and "X-Error-Code" in response.headers:
            yield None
            return
        hf_raise_for_status(response)
        _check_no_page(response, place)
        yield Opened(commit=_commit(response), size=_size(response), chunks=response.iter_bytes())


def commit_of(file: Opened, place: Place) -> str:
    """The commit that a file was read from.

    Raises:
        ServiceError: The Hub's answer does not name it.
    """
    if file.commit is None:
        raise ServiceError(f"Hugging Face Hub: reading {place} failed: the answer does not name its commit")
    return file.commit


def _check_no_page(response: Any, place: Place) -> None:
    """Raise if the answer is a proxy's page: the Hub and its storage send every file with an ETag."""
    if "ETag" not in response.headers and "text/html" in response.headers.get("Content-Type", ""):
        raise ServiceError(
            f"Hugging Face Hub: reading {place} failed: the answer is a page of HTML, perhaps from a proxy in between"
        )


def _commit(response: Any) -> str | None:
    """The commit, from the Hub's own response: storage that it redirects to does not state it. None without one."""
    commits = (answer.headers.get("X-Repo-Commit") for answer in (*response.history, response))
    return next((commit for commit in commits if commit), None)


def _size(response: Any) -> int | None:
    size = response.headers.get("Content-Length", "")
    return int(size) if size.isdecimal() else None
