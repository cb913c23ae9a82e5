# SPDX-License-Identifier: Apache-2.0
"""Where does a platform's manifest lie, and a file that it names?"""

from typing import Final

SENTINEL: Final = "_MANIFEST.json"
"""Written last by every job, beside or below its artifact: what it lists is complete once it is there."""


def folder(uri: str) -> str:
    """The folder of a URI, with a final slash: the URI itself when it is one, or a Hub revision, else its parent."""
    if uri.endswith("/"):
        return uri
    if uri.startswith("hf://") and "/" not in uri.partition("@")[2]:
        return f"{uri}/"
    parent, slash, _ = uri.rpartition("/")
    return f"{parent}{slash}"


def manifest(artifact_uri: str) -> str:
    """The manifest of what lies at an artifact's URI."""
    return f"{folder(artifact_uri)}{SENTINEL}"


def below(base: str, path: str) -> str:
    """A manifest's relative path as a URI."""
    return f"{base}{path}"
