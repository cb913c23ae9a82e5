# SPDX-License-Identifier: Apache-2.0
"""The baseline of a comparison: a release that `fuse` made, or the manifest that shipped what serves.

Each of these units must be where the document says, unchanged. Otherwise a candidate would be judged as if nothing
served.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import msgspec

from federation.core import channel as channels
from federation.core import names
from federation.core.channel import Entry
from federation.core.digest import digest
from federation.core.manifest import Manifest, manifest_of
from federation.errors import ContractError
from federation.offline.documents import MANIFEST
from federation.offline.places import file_at
from federation.ports import Store

_COPIES: Final = (
    "Copy the manifest that shipped the unit, with its files, to this machine: `federation gate` takes the copy as its "
    "baseline, and `federation fuse` makes a release of several. Or ship the candidate: the home compares it with what "
    "serves."
)


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """A file that names what serves, and the document in it."""

    path: Path
    document: Mapping[str, Any]

    @property
    def manifests(self) -> Sequence[Path]:
        """The paths of its units' manifests.

        Raises:
            ContractError: Some of them lie in a cloud, as those of a release that a home made do.
        """
        if self.document["schema"] == MANIFEST:
            return (self.path,)
        places = sorted({unit["manifest"] for unit in self.document["units"].values()})
        files = {place: file_at(place, self.path.resolve().parent) for place in places}
        if elsewhere := [place for place, file in files.items() if file is None]:
            raise ContractError(
                f"nothing can be compared with {self.path}: this command reads only this machine's files, but units of "
                f"that release lie elsewhere: {', '.join(elsewhere)}",
                hint=_COPIES,
            )
        return tuple(file for file in files.values() if file)

    def entry(self, store: Store, refused: Sequence[str], since: str) -> Entry:
        """The channel's entry for the document, once its manifests were validated.

        Args:
            store: Contains the versions of the units that were accepted.
            refused: Why others in its manifests were not accepted.
            since: When it began to serve.

        Raises:
            ContractError: A unit was not accepted, or is not the one that the document names.
        """
        if self.document["schema"] == MANIFEST:
            entry = self._entry_of_manifest(manifest_of(self.document), since)
        else:
            entry = channels.entry_of(self.document, since=since, commit="by hand")
        versions = {kind: store.read(names.version(kind, number)) for kind, number in entry.numbers.items()}
        faults = (*self._changed(versions), *(refused if None in versions.values() else ()))
        if faults:
            what = f"nothing can be compared with {self.path}: its units are not there as it says"
            raise ContractError(what, faults, hint="Put back its manifests and their files, or give another baseline.")
        return entry

    def _entry_of_manifest(self, manifest: Manifest, since: str) -> Entry:
        kinds = Counter(unit.kind for unit in manifest.units)
        if twice := sorted(kind for kind, count in kinds.items() if count > 1):
            raise ContractError(f"{self.path} ships {', '.join(twice)} more than once, but only one can serve")
        return Entry(
            name=self.path.name,
            digest=digest(self.document),
            since=since,
            units={unit.kind: unit.artifact for unit in manifest.units},
            numbers={unit.kind: unit.number for unit in manifest.units},
            new=[],
            commit="by hand",
        )

    def _changed(self, versions: Mapping[str, bytes | None]) -> Iterator[str]:
        """A fault for each kind whose unit was not accepted, or is not the one that the release was made of."""
        made_of = {} if self.document["schema"] == MANIFEST else self.document["units"]
        for kind, body in sorted(versions.items()):
            if body is None:
                yield f"its {kind} was not accepted"
            elif kind in made_of and msgspec.json.decode(body)["unit"] != made_of[kind]["digest"]:
                yield f"its {kind} is no longer {made_of[kind]['name']} as it was released; another manifest is there now"
