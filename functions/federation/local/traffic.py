# SPDX-License-Identifier: Apache-2.0
"""A serving node in a folder: one file per channel says what the node serves and keeps warm."""

from pathlib import Path

import msgspec

from federation.core.digest import canonical
from federation.core.outcome import Shift
from federation.errors import ServiceError
from federation.local.files import alone_in, replace, unless_gone
from federation.ports import Served


class LocalTraffic:
    """`<folder>/<channel>.json` is the node's state; a release is warm when its manifest is in the registry."""

    def __init__(self, folder: Path, registry: Path) -> None:
        self._folder = folder
        self._registry = registry

    def refusal(self, channel: str, release: str) -> str | None:
        """Why the release cannot be loaded: its manifest has gone from the registry. None if it can."""
        if self.probe(channel, release) or not (self._registry / "tags" / release).is_file():
            return None
        place = self._registry / release / "manifest.json"
        return f"{place} is gone, so the nodes cannot load it; put it back from a copy"

    def shift(self, shift: Shift) -> None:
        """Serve that release and keep the warm ones ready; a counter below the last one applied changes nothing."""
        unless_gone(self._folder, "the serving node")
        state = {"counter": shift.counter, "release": shift.release, "warm": list(shift.warm)}
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            with alone_in(self._folder):
                served = self.serving(shift.channel)
                if not served or served.counter <= shift.counter:
                    replace(self._folder / f"{shift.channel}.json", canonical(state) + b"\n")
        except OSError as error:
            raise ServiceError(f"the serving node at {self._folder} cannot be written: {error.strerror}") from error

    def serving(self, channel: str) -> Served | None:
        """What the node serves; None before the first shift."""
        unless_gone(self._folder, "the serving node")
        try:
            body = (self._folder / f"{channel}.json").read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise ServiceError(f"the serving node at {self._folder} cannot be read: {error.strerror}") from error
        try:
            return msgspec.json.decode(body, type=Served)
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            place = self._folder / f"{channel}.json"
            raise ServiceError(
                f"{place} does not say what is served: {error}; delete it, and the next shift writes it again"
            ) from error

    def probe(self, channel: str, release: str) -> bool:
        """Whether the release's manifest is in the registry."""
        del channel
        return (self._registry / release / "manifest.json").is_file()
