# SPDX-License-Identifier: Apache-2.0
"""`federation demo`: what does all this do?"""

import os
import shlex
import shutil
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Final

import typer

from federation.cli.home.opened import opened
from federation.cli.options import AsJson
from federation.cli.screen.output import as_text, print_lines, print_table, readable, shortened, when, wrapped
from federation.cli.store import inventory
from federation.cli.store.shelf import Shelf
from federation.core import names
from federation.demo.examples import examples as examples_in
from federation.demo.show import play
from federation.demo.stage import Line

_KINDS: Final = {
    names.VERSIONS: "the unit that a version permanently names",
    names.REPORTS: "a unit's gate report against one baseline, and the decision",
    names.MERGES: "a merge's release, and the decision",
    names.REGATE_LISTS: "the units to evaluate again after a move, and the decision",
    names.RELEASES: "a release",
    names.RECEIPTS: "the registry's receipt for a release",
    names.UNPUBLISHED: "why the registry refused a release",
    names.DECISIONS: "any other decision, with everything it read",
    names.PARKED: "a message body that could not be used",
    names.SETTLED: "the result of a completion, and the decision",
    names.WAITING: "why a completion is not settled yet, and the decision",
    names.EVENTS: "a completion as it was received",
    names.ALARMS: "an alarm's reported state",
}

_LOOKS: Final = ("explain last", "explain roll_back", "explain spiralverse/policy-adapter-v2", "status", "replay --all")


def demo(
    folder: Annotated[
        Path | None, typer.Option(help="Where to create the home. Default: a temporary folder.", metavar="DIR")
    ] = None,
    keep: Annotated[bool, typer.Option("--keep", help="Keep the temporary folder for exploring.")] = False,
    examples: Annotated[
        Path | None, typer.Option(help="The units to ship. Default: training/examples.", metavar="DIR")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Three clouds' events become a release, an alarm fires, and it rolls back: in one minute.

    Needs no account and no network. With --json, one object a line.
    """
    source = examples_in(examples)
    with _place(folder, keep=keep) as place:
        lines = []
        for line in play(place, source):
            print_demo_line(line, as_json=as_json)
            lines.append(line)
        if not as_json:
            _print_end(lines, place, kept=keep or folder is not None)


@contextmanager
def _place(folder: Path | None, *, keep: bool) -> Iterator[Path]:
    place = folder or Path(tempfile.mkdtemp(prefix="federation-demo-"))
    try:
        yield place
    finally:
        if folder is None and not keep:
            shutil.rmtree(place, ignore_errors=True)


def print_demo_line(line: Line, *, as_json: bool) -> None:
    """Print one line of the demo, or with `as_json` one JSON object."""
    if as_json:
        print(as_text(asdict(line)), flush=True)
        return
    bold, plain = ("\x1b[1m", "\x1b[0m") if sys.stdout.isatty() and not os.environ.get("NO_COLOR") else ("", "")
    print(f"{when(line.at)}  {bold}{line.what}{plain}")
    for sentence in line.became:
        print(wrapped(readable(sentence), indent=22))
    sys.stdout.flush()


def _print_end(lines: Sequence[Line], place: Path, *, kept: bool) -> None:
    documents = [name for line in lines for name in line.documents]
    with opened(place) as home:
        shelf = Shelf(home.ports)
        units, releases = inventory.units(shelf).lines, inventory.releases(shelf)
        parked = inventory.parked(shelf)
    rows: list[tuple[str, str, str]] = [(line.name, line.state, names.release(line.name)) for line in releases]
    rows += [(line.name, line.state, shortened(line.documents[-1])) for line in units]
    rows += [(f"a body at {one['entry']}", "parked", shortened(one["document"])) for one in parked]
    print_table("What became of everything", ("what", "state", "document"), rows)
    print_table("Documents by prefix", ("prefix", "documents", "what each is"), _counted(documents))
    print_lines("Files outside the store", _files(place if kept else Path("DIR")))
    print_lines("Look around" if kept else "To look around, keep the home", _looks(place, kept=kept))


def _counted(documents: Sequence[str]) -> Iterator[tuple[str, str, str]]:
    for prefix, what in _KINDS.items():
        count = sum(name.startswith(prefix) for name in documents)
        if count:
            yield prefix, str(count), what


def _looks(place: Path, *, kept: bool) -> Iterator[str]:
    """What to type next, in this shell: after `make demo` the command is `.venv/bin/federation`."""
    is_found = shutil.which("federation") or Path(sys.argv[0]).name != "federation"
    command = "federation" if is_found else sys.argv[0]
    looks = _LOOKS if kept else ("demo", *_LOOKS)
    yield from (f"{command} {words} --folder {shlex.quote(str(place)) if kept else 'DIR'}" for words in looks)


def _files(place: Path) -> Iterator[str]:
    yield f"{place / 'store.sqlite'}  every document above, the channel, the queue"
    yield f"{place / 'registry'}  the published releases with their cards and tags"
    yield f"{place / 'serving' / 'production.json'}  what the nodes serve"
    yield f"{place / 'clouds'}  what the platforms shipped"
    yield f"{place / 'trust.json'}  the senders that this home trusts"
