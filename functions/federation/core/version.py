# SPDX-License-Identifier: Apache-2.0
"""A release's version and name, `<org>-ai-federated-vX.Y.Z`; `proposal.change` decides which part increases."""

import re
from typing import Literal

import msgspec

Bump = Literal["first", "major", "minor", "patch"]


class Version(msgspec.Struct, frozen=True, order=True):
    """X.Y.Z, ordered as numbers."""

    major: int
    minor: int
    patch: int

    def __str__(self) -> str:
        return f"{self.major}.{self.minor}.{self.patch}"

    def next(self, bump: Bump) -> "Version":
        """The version after this one."""
        match bump:
            case "first" | "major":
                return Version(self.major + 1, 0, 0)
            case "minor":
                return Version(self.major, self.minor + 1, 0)
            case "patch":
                return Version(self.major, self.minor, self.patch + 1)


FIRST = Version(1, 0, 0)
_TAIL = r"-ai-federated-v(\d+)\.(\d+)\.(\d+)$"


def version_of(release_name: str) -> Version:
    """The version in a release's name."""
    match = re.search(_TAIL, release_name)
    if match is None:
        raise ValueError(f"{release_name!r} is not a release name; expected <org>-ai-federated-vX.Y.Z")
    return Version(*map(int, match.groups()))


def release_name(org: str, version: Version) -> str:
    """<org>-ai-federated-vX.Y.Z."""
    return f"{org}-ai-federated-v{version}"
