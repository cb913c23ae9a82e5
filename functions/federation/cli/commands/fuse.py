# SPDX-License-Identifier: Apache-2.0
"""`federation fuse`: which release do three manifests make, or why none?"""

import sys
from pathlib import Path
from typing import Annotated

import typer

from federation import offline
from federation.cli.options import AsJson
from federation.cli.screen.output import print_json, print_line
from federation.errors import REFUSED


def fuse(
    *,
    hf_manifest: Annotated[Path, typer.Option(help="The manifest of hf.", metavar="FILE")],
    gcp_manifest: Annotated[Path, typer.Option(help="The manifest of gcp.", metavar="FILE")],
    aws_manifest: Annotated[Path, typer.Option(help="The manifest of aws.", metavar="FILE")],
    output: Annotated[Path, typer.Option(help="Where to write the release manifest.", metavar="FILE")],
    policy: Annotated[Path, typer.Option(help="The policy.", metavar="FILE")],
    baseline: Annotated[
        Path | None, typer.Option(help="An earlier release to compare the units with.", metavar="FILE")
    ] = None,
    explain: Annotated[bool, typer.Option("--explain", help="Print every gate's finding.")] = False,
    as_json: AsJson = False,
) -> None:
    """Fuse three platforms' manifests into one release manifest. Needs no home.

    Exit code 10 if no release results: every reason is printed, and no file is written. Nothing is ever promoted.
    """
    fused = offline.fuse({"hf": hf_manifest, "gcp": gcp_manifest, "aws": aws_manifest}, policy, output, baseline)
    if fused.release is not None:
        offline.write(fused.release, output)
    if as_json:
        print_json(offline.answer(fused, output, explain=explain))
    else:
        for refusal in fused.refusals:
            print_line(f"refused: {refusal.subject}: {refusal.why}", to=sys.stderr)
        for line in offline.lines(fused, output, explain=explain):
            print_line(line)
    raise typer.Exit(0 if fused.release is not None else REFUSED)
