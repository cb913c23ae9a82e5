# SPDX-License-Identifier: Apache-2.0
"""Uploads a finished unit if the platform does not copy it. The manifest goes last.

A repository on the Hub gets everything in one commit, so there a unit is never half complete.
"""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from federation.core.uri import SENTINEL
from training_images.job.errors import ConfigError


def upload(folder: Path, uri: str) -> None:
    """Push every file of a folder.

    Args:
        folder: The folder of a complete unit with its manifest.
        uri: `hf://models/<owner>/<name>`, `s3://<bucket>/<key>` or `gs://<bucket>/<key>`.

    Raises:
        ConfigError: The URI is of another kind.
    """
    scheme, place = target(uri)
    _PUSHES[scheme](folder, place)


def target(uri: str) -> tuple[str, str]:
    """The scheme and the place of a URI. Also used before training, as a check.

    Raises:
        ConfigError: A unit cannot be pushed there.
    """
    scheme, _, place = uri.partition("://")
    if scheme not in _PUSHES:
        raise ConfigError(f"a unit cannot be pushed to {uri}; use {', '.join(f'{name}://' for name in _PUSHES)}")
    kind, _, repo = place.strip("/").partition("/")
    if scheme == "hf" and (kind != "models" or repo.count("/") != 1):
        raise ConfigError(
            f"{uri} is no repository of a model; write hf://models/OWNER/NAME, or hf://models/OWNER in a policy's job, "
            "whose name is put behind it"
        )
    return scheme, place.strip("/")


def _files(folder: Path) -> Iterator[tuple[str, Path]]:
    """Every file with its path below the folder, the manifest last."""
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    for path in sorted(paths, key=lambda path: path.name == SENTINEL):
        yield path.relative_to(folder).as_posix(), path


def _to_s3(folder: Path, place: str) -> None:
    import boto3

    bucket, _, key = place.partition("/")
    client = boto3.client("s3")
    for name, path in _files(folder):
        client.upload_file(str(path), bucket, f"{key}/{name}".lstrip("/"))


def _to_google(folder: Path, place: str) -> None:
    from google.cloud import storage

    bucket, _, key = place.partition("/")
    client = storage.Client().bucket(bucket)
    for name, path in _files(folder):
        client.blob(f"{key}/{name}".lstrip("/")).upload_from_filename(str(path))


def _to_hub(folder: Path, place: str) -> None:
    from huggingface_hub import CommitOperationAdd, HfApi

    repo = place.partition("/")[2]
    api: Any = HfApi()
    api.create_repo(repo, exist_ok=True, private=True)
    adds = [CommitOperationAdd(path_in_repo=name, path_or_fileobj=str(path)) for name, path in _files(folder)]
    readme = _repository_card(folder)
    if readme:
        adds.insert(0, CommitOperationAdd(path_in_repo="README.md", path_or_fileobj=readme))
    api.create_commit(repo, adds, commit_message="A unit, with its evidence and its manifest")


def _repository_card(folder: Path) -> bytes | None:
    """The unit's card as the repository's card, with links to its charts; None if there are several units."""
    cards = list(folder.glob("*/README.md"))
    if len(cards) != 1:
        return None
    kind = cards[0].parent.name
    return cards[0].read_bytes().replace(b"](charts/", f"]({kind}/charts/".encode())


_PUSHES: Final[Mapping[str, Callable[[Path, str], None]]] = {"s3": _to_s3, "gs": _to_google, "hf": _to_hub}
