# SPDX-License-Identifier: Apache-2.0
"""`federation flaky`: which items disagree with themselves, so that a policy may leave them out by name?"""

import re
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any

import typer

from federation.cli.files.records import records_of
from federation.cli.options import AsJson
from federation.cli.screen.output import print_json, print_line, print_table
from federation.core.gates.flaky import ONE_IN
from federation.core.number_text import decimal_text
from federation.core.statistics.repeatability import disagreement
from federation.errors import REFUSED


def _digest(text: str) -> str:
    if not re.fullmatch(r"sha256:[0-9a-f]{64}", text):
        raise typer.BadParameter(
            "expected sha256: and 64 hexadecimal digits, as the manifest's evidence names its suite"
        )
    return text


def flaky(
    runs: Annotated[
        list[Path], typer.Argument(help="The records of each run, JSON Lines; two or more runs.", metavar="RUN")
    ],
    *,
    metric: Annotated[str, typer.Option(help="The score to compare.", metavar="NAME")],
    suite: Annotated[
        str,
        typer.Option(
            help="The suite's digest, as the manifest's evidence names it.", metavar="sha256:DIGITS", callback=_digest
        ),
    ],
    limit: Annotated[
        float,
        typer.Option(
            help="The share of pairs of runs that may score an item differently.", min=0, max=0.99, metavar="N"
        ),
    ] = 0.1,
    as_json: AsJson = False,
) -> None:
    """Find items whose scores differ between runs of the same unit.

    Run the suite several times on the serving unit. --json prints the value for `flaky` in the metric's quality rule of a
    policy, or null if none is needed; the gates then ignore those items on both sides. Exit code 10 if more than one item
    in ten is flaky: then fix the suite.
    """
    shares = disagreement([records_of(path, metric) for path in runs], metric)
    rounded = {item: Decimal(decimal_text(share)) for item, share in sorted(shares.items())}
    flaky_items = {item: share for item, share in rounded.items() if share > Decimal(decimal_text(limit))}
    if as_json:
        print_json(_rule(flaky_items, suite, len(runs), limit) if flaky_items else None)
    else:
        _print(flaky_items, len(shares), len(runs))
    if len(flaky_items) * ONE_IN > len(shares):
        raise typer.Exit(REFUSED)


def _rule(flaky_items: Mapping[str, Decimal], suite: str, runs: int, limit: float) -> dict[str, Any]:
    """The object `flaky` of schemas/policy.v1.json."""
    return {
        "suite": suite,
        "runs": runs,
        "limit": decimal_text(limit),
        "items": {item: str(share) for item, share in flaky_items.items()},
    }


def _print(flaky_items: Mapping[str, Decimal], items: int, runs: int) -> None:
    worst = sorted(flaky_items.items(), key=lambda entry: (-entry[1], entry[0]))
    print_line(f"{len(flaky_items):,} of {items:,} items are flaky in {runs:,} runs.")
    print_table("Flaky items", ("item", "share of pairs of runs"), ((item, str(share)) for item, share in worst))
    if len(flaky_items) * ONE_IN > items:
        print_line(f"That is more than one in {ONE_IN}, and no policy may exclude so many: fix the suite.")
