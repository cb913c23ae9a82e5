# SPDX-License-Identifier: Apache-2.0
"""The commits of a repository's main branch."""

from collections.abc import Iterator
from typing import Any

import msgspec

from federation.hub.clients import headers


class Commit(msgspec.Struct, frozen=True, kw_only=True):
    """One commit as the Hub lists it; `date` is RFC 3339."""

    id: str
    title: str
    message: str
    date: str
    authors: list[dict[str, Any]]

    @property
    def begins(self) -> bool:
        """Whether the Hub itself made this commit when the repository was created."""
        return self.title == "initial commit" and [author.get("user") for author in self.authors] == ["system"]


def history(api: Any, repo: str) -> Iterator[Commit]:
    """The commits of main, newest first, fetched page by page as needed.

    `HfApi.list_repo_commits` would fetch every page of the repository's whole history.
    """
    from huggingface_hub.utils import paginate  # type: ignore[attr-defined]

    url = f"{api.endpoint}/api/models/{repo}/commits/main"
    for item in paginate(url, params={}, headers=headers(api)):
        yield msgspec.convert(item, Commit)
