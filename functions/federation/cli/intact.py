# SPDX-License-Identifier: Apache-2.0
"""`federation intact`: is every stored document as it was written, and is none gone?"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Final

import typer

from federation.cli.home import opened
from federation.cli.moves import moves
from federation.cli.options import AsJson, Folder
from federation.cli.output import print_json, print_line, print_lines
from federation.cli.references import References
from federation.cli.shelf import Shelf
from federation.core import strict_json
from federation.core.counted import counted
from federation.core.digest import digest
from federation.errors import REFUSED, ContractError
from federation.local.files import bytes_of

_LONGEST: Final = 1 << 30
"""Bytes of an earlier answer: it names every document of a home."""


def intact(
    since: Annotated[
        Path | None, typer.Option(help="What --json printed earlier: all of that must still be there.", metavar="FILE")
    ] = None,
    folder: Folder = None,
    as_json: AsJson = False,
) -> None:
    """Is every stored document as it was written, and is none gone? Exit code 10 if not.

    Reads the whole store: each document against its name and against the decisions that wrote or read it, and every move
    of the channel. Keep what --json prints outside of the home, and --since shows later that nothing was removed.
    """
    before = _listed(since) if since else {}
    with opened(folder) as home:
        shelf = Shelf(home.ports, home.readers)
        channel = shelf.own_channel()
        found = References()
        for name, body in shelf.bodies(shelf.names("")):
            found.take(name, body)
        if (state := home.ports.store.channel(channel.name)) is not None:
            found.take_channel(channel.name, state)
        known = moves(shelf, channel)
    faults = [*_faults_since(before, found.digests), *found.faults(channel.counter, known)]
    odd = list(found.oddities(known))
    seal = digest(found.digests)
    if as_json:
        print_json({"seal": seal, "moves": channel.counter, "faults": faults, "odd": odd, "documents": found.digests})
    else:
        counts = f"{counted(len(found.digests), 'document')}, {counted(found.decisions, 'decision')}"
        print_line(f"{counts}, {counted(channel.counter, 'move')}: {counted(len(faults), 'fault')}. Seal {seal}")
        print_lines("Faults", faults)
        print_lines("Odd, and perhaps nobody's doing", odd)
    if faults:
        raise typer.Exit(REFUSED)


def _listed(path: Path) -> Mapping[str, str]:
    """The documents' digests in an earlier answer.

    Raises:
        ContractError: It is none.
    """
    told = strict_json.document(bytes_of(path), what=str(path), limit=_LONGEST)
    found = told.get("documents") if isinstance(told, dict) else None
    if not isinstance(found, dict) or told.get("seal") != digest(found):
        raise ContractError(f"{path} is not what `federation intact --json` printed")
    return found


def _faults_since(before: Mapping[str, str], now: Mapping[str, str]) -> Iterator[str]:
    for name, then in sorted(before.items()):
        if now.get(name) != then:
            yield f"{name} is {'changed' if name in now else 'gone'} since then"
