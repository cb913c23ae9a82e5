# SPDX-License-Identifier: Apache-2.0
"""`federation intact`: is every stored document as it was written, and is none gone?"""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Final

import typer
from msgspec import to_builtins

from federation.cli.home.opened import opened
from federation.cli.options import AsJson, Folder
from federation.cli.screen.output import print_json, print_line, print_lines
from federation.cli.store.moves import moves
from federation.cli.store.references import References
from federation.cli.store.shelf import Shelf
from federation.core import strict_json
from federation.core.channel import channel_of
from federation.core.digest import digest
from federation.core.move import PastMove
from federation.core.number_text import counted
from federation.errors import REFUSED, ContractError
from federation.local.files import bytes_of
from federation.ports import Store
from federation.stored import decoded

_LONGEST: Final = 1 << 30
"""Most bytes of an earlier answer, which names every document of a home."""


def intact(
    since: Annotated[
        Path | None, typer.Option(help="Earlier --json output: everything in it must still be there.", metavar="FILE")
    ] = None,
    folder: Folder = None,
    as_json: AsJson = False,
) -> None:
    """Check that every stored document is unchanged and none is missing. Exit code 10 if not.

    Reads the whole store: checks each document against its name and the decisions that wrote or read it, and every move of
    the channel. Keep the --json output outside the home: later, --since shows that nothing was removed.
    """
    before = _digests_in(since) if since else {}
    with opened(folder) as home:
        shelf = Shelf(home.ports, home.readers)
        references = References()
        for name, body in sorted(_taken(references, shelf, home.ports.store).items()):
            _take_channel(references, shelf, name, body)
    documents, moved = references.digests, _digests_of_moves(references.moves)
    faults = [*_faults_since(before, {**documents, **moved}), *references.faults()]
    odd = list(references.oddities())
    seal = _seal(documents, moved)
    if as_json:
        summary = {"intact": not faults, "seal": seal, "moves": references.move_count(), "faults": faults, "odd": odd}
        print_json({**summary, "documents": documents, "moved": moved})
    else:
        counts = f"{counted(len(documents), 'document')}, {counted(references.decisions, 'decision')}"
        verdict = "NOT intact" if faults else "Intact"
        print_line(
            f"{verdict}: {counts}, {counted(references.move_count(), 'move')}, {counted(len(faults), 'fault')}. Seal {seal}"
        )
        print_lines("Faults", faults)
        print_lines("Unusual, but not proof of tampering", odd)
    if faults:
        raise typer.Exit(REFUSED)


def _taken(references: References, shelf: Shelf, store: Store) -> Mapping[str, bytes | None]:
    """Take every document, and return the stored channels.

    A home may move meanwhile, so this repeats until every document was taken that is older than the channels.
    """
    channels: dict[str, bytes | None] = {}
    while True:
        for name, body in shelf.bodies([place for place in store.names("") if place not in references.digests]):
            references.take(name, body)
        now = {name: store.channel(name) for name in sorted(references.channels)}
        if now == channels:
            return channels
        channels = now


def _take_channel(references: References, shelf: Shelf, name: str, body: bytes | None) -> None:
    """Take a channel. A damaged one becomes a fault, and the others are still checked."""
    try:
        channel = channel_of(decoded(f"the channel {name}", body) if body is not None else None, name)
    except ContractError as error:
        references.take_damage(str(error))
    else:
        references.take_channel(channel, body, moves(shelf, channel))


def _digests_of_moves(moves_by_channel: Mapping[str, Sequence[PastMove]]) -> dict[str, str]:
    """The digest of each move, by its number and channel in words."""
    return {
        f"move {move.counter} of {name}": digest(to_builtins(move))
        for name, channel_moves in moves_by_channel.items()
        for move in channel_moves
    }


def _digests_in(path: Path) -> Mapping[str, str]:
    """The digests of documents and moves in an earlier answer.

    Raises:
        ContractError: The file is not such an answer.
    """
    document = strict_json.document(bytes_of(path), what=str(path), limit=_LONGEST)
    members = document if isinstance(document, dict) else {}
    documents, moved, seal = (members.get(what) for what in ("documents", "moved", "seal"))
    if not (isinstance(documents, dict) and isinstance(moved, dict)) or seal != _seal(documents, moved):
        raise ContractError(f"{path} is not what `federation intact --json` printed")
    return {**documents, **moved}


def _seal(documents: Mapping[str, str], moved: Mapping[str, str]) -> str:
    return digest({"documents": documents, "moved": moved})


def _faults_since(before: Mapping[str, str], now: Mapping[str, str]) -> Iterator[str]:
    for name, then in sorted(before.items()):
        if now.get(name) != then:
            yield f"{name} is {'changed' if name in now else 'gone'} since then"
