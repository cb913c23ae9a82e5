# SPDX-License-Identifier: Apache-2.0
"""`federation fuse`: which release do manifests make, or why none?"""

import sys
from pathlib import Path
from typing import Annotated

import typer

from federation import offline
from federation.cli.options import AsJson
from federation.cli.pages.policy_warnings import NO_EFFECT
from federation.cli.screen.output import print_json, print_line, print_lines
from federation.errors import REFUSED


def fuse(
    *,
    manifest: Annotated[
        list[Path] | None,
        typer.Option(help="A manifest of any platform. May be given several times.", metavar="FILE"),
    ] = None,
    hf_manifest: Annotated[Path | None, typer.Option(help="The manifest of hf.", metavar="FILE")] = None,
    gcp_manifest: Annotated[Path | None, typer.Option(help="The manifest of gcp.", metavar="FILE")] = None,
    aws_manifest: Annotated[Path | None, typer.Option(help="The manifest of aws.", metavar="FILE")] = None,
    output: Annotated[Path, typer.Option(help="Where to write the release manifest.", metavar="FILE")],
    policy: Annotated[Path, typer.Option(help="The policy.", metavar="FILE")],
    baseline: Annotated[
        Path | None, typer.Option(help="An earlier release to compare the units with.", metavar="FILE")
    ] = None,
    explain: Annotated[bool, typer.Option("--explain", help="Print every gate's finding.")] = False,
    as_json: AsJson = False,
) -> None:
    """Fuse the platforms' manifests into one release manifest. Needs no home.

    Exit code 10 if no release results: every reason is printed, and no file is written. Nothing is ever promoted.
    """
    by_platform = {"hf": hf_manifest, "gcp": gcp_manifest, "aws": aws_manifest}
    given = {platform: path for platform, path in by_platform.items() if path is not None}
    if not given and not manifest:
        raise typer.BadParameter("give at least one manifest: --manifest FILE, once for each")
    fused = offline.fuse(given, policy, output, baseline, more=manifest or ())
    if fused.release is not None:
        offline.write(fused.release, output)
    if as_json:
        print_json(offline.answer(fused, output, explain=explain))
    else:
        for refusal in fused.refusals:
            print_line(f"refused: {refusal.subject}: {refusal.why}", to=sys.stderr)
        for line in offline.lines(fused, output, explain=explain):
            print_line(line)
        print_lines(f"{NO_EFFECT} (policy)", fused.unknown_fields)
    raise typer.Exit(0 if fused.release is not None else REFUSED)
