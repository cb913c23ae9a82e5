# SPDX-License-Identifier: Apache-2.0
"""`federation simulate`: do the promises hold in histories that nobody thought of?"""

import json
import sys
from collections.abc import Iterator
from typing import Annotated, Any

import typer

from federation.cli.options import AsJson
from federation.errors import REFUSED


def simulate(
    seed: Annotated[int, typer.Option(help="The same seed gives the same histories.", min=0)] = 1,
    histories: Annotated[int, typer.Option(help="How many.", min=1)] = 200,
    as_json: AsJson = False,
) -> None:
    """Run random histories against the promises. Exit code 10 when one is broken; its shrunk story is printed."""
    from federation import simulation  # noqa: PLC0415 - the module itself is what takes long

    broken = [
        story for result in _shown(simulation.run(seed=seed, histories=histories), histories) for story in result.broken
    ]
    for story in broken:
        print(story, file=sys.stderr if as_json else sys.stdout)
    if as_json:
        print(json.dumps({"seed": seed, "histories": histories, "broken": len(broken)}))
    else:
        print(f"{histories:,} histories from seed {seed}: {len(broken)} broken")
    if broken:
        raise typer.Exit(REFUSED)


def _shown(results: Iterator[Any], total: int) -> Iterator[Any]:
    """The results, with a bar on stderr where that is a terminal."""
    if not sys.stderr.isatty():
        yield from results
        return
    from rich.console import Console  # noqa: PLC0415 - only a terminal needs it
    from rich.progress import track  # noqa: PLC0415 - only a terminal needs it

    yield from track(results, total=total, description="histories", console=Console(stderr=True))
