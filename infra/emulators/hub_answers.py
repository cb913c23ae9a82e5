# SPDX-License-Identifier: Apache-2.0
"""How does the Hub describe repositories, refs, commits and files?"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from infra.emulators.hub_card import data_of
from infra.emulators.hub_repositories import Commit, File, Repository, small


def info_of(repo: Repository, commit: Commit) -> Mapping[str, Any]:
    """The answer to model_info."""
    readme = commit.files.get("README.md")
    card = data_of(readme.body.decode()) if readme else None
    return {
        "_id": repo.id,
        "id": repo.name,
        "modelId": repo.name,
        "author": repo.owner,
        "sha": commit.oid,
        "private": repo.private,
        "disabled": False,
        "gated": False,
        "downloads": 0,
        "likes": 0,
        "lastModified": commit.date,
        "createdAt": list(repo.history("main"))[-1].date,
        "tags": list((card or {}).get("tags", ())),
        "cardData": card,
        "model-index": (card or {}).get("model-index"),
        "library_name": (card or {}).get("library_name"),
        "siblings": [{"rfilename": path, **described(path, file)} for path, file in sorted(commit.files.items())],
    }


def refs_of(space: str, names: Mapping[str, str]) -> Sequence[Mapping[str, str]]:
    """Branches or tags, with the commits that they point to."""
    return [{"name": name, "ref": f"refs/{space}/{name}", "targetCommit": oid} for name, oid in names.items()]


def listed(commit: Commit) -> Mapping[str, Any]:
    """A commit as the history lists it."""
    authors = [{"user": "system" if commit.parent is None else "local"}]
    told = {"title": commit.title, "message": commit.message, "authors": authors, "date": commit.date}
    return {"id": commit.oid, **told}


def described(path: str, file: File) -> Mapping[str, Any]:
    """A file as trees, paths-info and siblings describe it."""
    size = len(file.body)
    lfs = {"lfs": {"oid": file.lfs, "sha256": file.lfs, "size": size, "pointerSize": 134}} if file.lfs else {}
    return {"type": "file", "path": path, "size": size, "oid": file.oid, **lfs}


def tree_of(files: Mapping[str, File], prefix: str, *, deep: bool) -> Iterable[Mapping[str, Any]]:
    """Files and folders below a prefix; with `deep`, those below the folders too."""
    folders: set[str] = set()
    for path, file in sorted(files.items()):
        if not path.startswith(prefix):
            continue
        parents = path.removeprefix(prefix).split("/")[:-1]
        for depth in range(1, len(parents) + 1 if deep else min(len(parents), 1) + 1):
            folder = prefix + "/".join(parents[:depth])
            if folder not in folders:
                folders.add(folder)
                yield {"type": "directory", "path": folder, "oid": small(folder.encode()).oid, "size": 0}
        if deep or not parents:
            yield described(path, file)
