# SPDX-License-Identifier: Apache-2.0
"""A registry in a folder: one folder per release with manifest and card, and one file per tag with its commit."""

from pathlib import Path

import msgspec

from federation.core.card import card
from federation.core.digest import digest_of
from federation.errors import ConflictError, ServiceError
from federation.local.files import replace, unless_gone
from federation.ports import Receipt


class LocalRegistry:
    """`<folder>/<release>/{manifest.json,README.md}`, the manifest written last, and `<folder>/tags/<release>`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def publish(self, release: str, body: bytes) -> Receipt:
        """Commit and tag the release; idempotent: a second call returns the first one's commit.

        Raises:
            ConflictError: The tag names other content.
        """
        digest = digest_of(body)
        if (receipt := self.find(release)) and receipt.digest != digest:
            raise ConflictError(
                f"{self._folder} has the tag {release} on other content: {receipt.digest} at {receipt.commit}, not {digest}"
            )
        home = self._folder / release
        try:
            home.mkdir(parents=True, exist_ok=True)
            replace(home / "README.md", card(msgspec.json.decode(body)).encode())
            replace(home / "manifest.json", body)
            tags = self._folder / "tags"
            tags.mkdir(exist_ok=True)
            replace(tags / release, commit_of(body).encode())
        except OSError as error:
            raise ServiceError(f"the registry at {self._folder} cannot be written: {error.strerror}") from error
        return Receipt(commit=commit_of(body), tag=release, digest=digest)

    def find(self, release: str) -> Receipt | None:
        """What the registry has under that tag now, or None."""
        unless_gone(self._folder, "the registry")
        try:
            commit = (self._folder / "tags" / release).read_text("utf-8")
            body = (self._folder / release / "manifest.json").read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise ServiceError(f"the registry at {self._folder} cannot be read: {error.strerror}") from error
        return Receipt(commit=commit, tag=release, digest=digest_of(body))


def commit_of(body: bytes) -> str:
    """Forty hexadecimal digits that name the content, as a Hub commit does."""
    return digest_of(body).removeprefix("sha256:")[:40]
