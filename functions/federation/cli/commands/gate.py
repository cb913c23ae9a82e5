# SPDX-License-Identifier: Apache-2.0
"""`federation gate`: would these units pass?"""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from federation import offline
from federation.cli.options import AsJson
from federation.cli.pages.page import finding_lines
from federation.cli.pages.policy_warnings import NO_EFFECT
from federation.cli.pages.remedy import remedies
from federation.cli.screen.output import print_answer, print_json, print_lines
from federation.core.number_text import counted
from federation.errors import REFUSED, MissingError
from federation.local.files import no_file


def gate(
    manifest: Annotated[
        Path, typer.Argument(help="One platform's manifest, in the folder with its files.", metavar="MANIFEST")
    ],
    policy: Annotated[
        Path | None,
        typer.Option(
            help="The policy. Default: the nearest policy.json in the manifest's folder or its parents.", metavar="FILE"
        ),
    ] = None,
    baseline: Annotated[
        Path | None,
        typer.Option(
            help="The baseline: a release made by `fuse`, or a manifest. Without it, the policy's floors and budgets "
            "apply.",
            metavar="FILE",
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Run the four gates on the units of one manifest. Needs no home. Exit code 10 unless every unit passes."""
    result = offline.judge(manifest, policy or _nearest_policy(manifest), baseline)
    reports = sorted(result.reports, key=lambda report: str(report["unit"]["name"]))
    rejected = [refusal for refusal in result.refusals if not refusal.by_gate]
    if as_json:
        refusals = [{"subject": refusal.subject, "why": refusal.why} for refusal in rejected]
        judged = {"reports": [_with_remedies(report) for report in reports], "rejected": refusals}
        print_json({**judged, "unknown_fields": list(result.unknown_fields)})
    else:
        passing, units = sum(report["verdict"] == "pass" for report in reports), len(reports) + len(rejected)
        print_answer(f"{passing:,} of {counted(units, 'unit passes', 'units pass')} all four gates.")
        print_lines(f"{NO_EFFECT} (policy)", result.unknown_fields)
        print_lines("Rejected before any gate", (f"{refusal.subject}: {refusal.why}" for refusal in rejected))
        for report in reports:
            title = f"{report['unit']['name']}: {report['verdict'].upper()}"
            print_lines(title, (line for finding in report["findings"] for line in finding_lines(finding)))
    passed = reports and not rejected and all(report["verdict"] == "pass" for report in reports)
    raise typer.Exit(0 if passed else REFUSED)


def _with_remedies(report: Mapping[str, Any]) -> dict[str, Any]:
    findings = [{**finding, "would_have_passed": list(remedies(finding))} for finding in report["findings"]]
    return {**report, "findings": findings}


def _nearest_policy(manifest: Path) -> Path:
    if not manifest.exists():
        raise no_file(manifest)
    for folder in manifest.resolve().parents:
        if (policy := folder / "policy.json").is_file():
            return policy
    raise MissingError(f"there is no policy.json in the folder of {manifest} or its parents; name one with --policy")
