# SPDX-License-Identifier: Apache-2.0
"""`federation plan`: can this policy's gates be passed at all, with how many items; and how should sites train together?"""

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Final, Literal

import typer
from msgspec.structs import asdict, replace

from federation.cli.clock import now
from federation.cli.options import AsJson
from federation.cli.pages.policy_warnings import NO_EFFECT, WARNINGS, policy_warnings
from federation.cli.pages.topology import print_topologies
from federation.cli.screen.output import print_answer, print_json, print_lines, print_table
from federation.core.gates.rules import GateRules
from federation.core.number_text import counted
from federation.core.plan import Expected, Need, Plan
from federation.core.plan import plan as planned
from federation.core.policy import policy_of
from federation.core.quorum import unreachable
from federation.core.unknown_fields import policy_field_warnings
from federation.errors import REFUSED
from federation.local.files import document_of

_POWERS: Final[tuple[Literal[80, 95], ...]] = (80, 95)
_NOTES = (
    "for 80 %, for 95 %: items with which so many candidates as good as the baseline pass; for a gain, of better ones.",
    "Quality assumes 0/1 scores; graded scores within 0..1 need no more items.",
    "Items of the same document or conversation count for less than independent items.",
    "--items, --safety-items and --requests add two columns: how many there are, and the tightest limit that they prove.",
)
_BY_CATEGORY = (
    "A category's row counts only the items of that category. Every row must pass: of ten rows at 95 % each, all pass 60 % "
    "of the time."
)


def plan(
    policy: Annotated[
        Path | None, typer.Argument(help="The policy (schemas/policy.v1.json).", metavar="POLICY.json")
    ] = None,
    *,
    topology: Annotated[
        Path | None,
        typer.Option(
            help="Sites that will train one model: compares topologies by bytes moved, cost and data rules. "
            "Exit code 10 if none is allowed.",
            metavar="FILE.json",
        ),
    ] = None,
    items: Annotated[int | None, typer.Option(help="Items in the eval suite.", min=1, metavar="N")] = None,
    safety_items: Annotated[int | None, typer.Option(help="Items in each safety suite.", min=1, metavar="N")] = None,
    requests: Annotated[int | None, typer.Option(help="Latency requests per side.", min=1, metavar="N")] = None,
    discordance: Annotated[
        float,
        typer.Option(help="Share of items on which two equally good models differ.", min=0.001, max=1.0, metavar="N"),
    ] = 0.1,
    spread: Annotated[
        float,
        typer.Option(
            help="Standard deviation of the logarithm of latency; usually 0.3 to 0.7.", min=0.01, max=5.0, metavar="N"
        ),
    ] = 0.5,
    power: Annotated[
        float,
        typer.Option(help="Probability that a candidate as good as the baseline passes: 0.8 or 0.95.", metavar="N"),
    ] = 0.8,
    as_json: AsJson = False,
) -> None:
    """Compute how many items each margin in a policy needs. Exit code 10 if no candidate can pass, or too few good ones.

    With --topology: compare ways for several sites to train one model. The policy is then optional and sets the limits.
    """
    if topology is not None:
        if not print_topologies(topology, policy, as_json=as_json):
            raise typer.Exit(REFUSED)
        return
    if policy is None:
        raise typer.BadParameter("expected a policy, or --topology FILE.json", param_hint="POLICY.json")
    percent = next((known for known in _POWERS if known == round(power * 100)), None)
    if percent is None:
        raise typer.BadParameter("expected 0.8 or 0.95", param_hint="--power")
    expected = Expected(items=items, differing=discordance, requests=requests, spread=spread)
    document = document_of(policy)
    rules = policy_of(document, what=str(policy))
    plans = {
        kind: planned(gates, replace(expected, safety=_suites(gates, safety_items)), percent)
        for kind, gates in rules.gates.items()
    }
    short = [f"{kind}: {reason}" for kind, kind_plan in sorted(plans.items()) for reason in kind_plan.impossible]
    undecided = [f"{kind}: {reason}" for kind, kind_plan in sorted(plans.items()) for reason in kind_plan.undecided]
    first = [f"{kind}: {gap}" for kind, gates in sorted(rules.gates.items()) for gap in _first_release_gaps(gates)]
    doubtful, without_effect = list(policy_warnings(rules, now())), list(policy_field_warnings(document))
    unpinned = {kind: kind_plan.unpinned for kind, kind_plan in sorted(plans.items()) if kind_plan.unpinned}
    if as_json:
        needs = {kind: [asdict(need) for need in kind_plan.needs] for kind, kind_plan in plans.items()}
        summary = {"impossible": short, "undecided": undecided, "unlikely": doubtful, "unpinned": unpinned}
        print_json(
            {
                "kinds": needs,
                **summary,
                "merges": unreachable(rules),
                "first_release": first,
                "unknown_fields": without_effect,
            }
        )
    else:
        print_answer(
            f"The policy {rules.name}, version {rules.version}, {_answer(short, undecided)}", short or undecided
        )
        print_lines("Checks that leave many good candidates undecided", undecided if short else ())
        print_lines("With no baseline, as for the first release of a kind, no unit can pass", first)
        print_lines(NO_EFFECT, without_effect)
        print_lines(WARNINGS, doubtful)
        by_category = any(rule.categories for gates in rules.gates.values() for rule in gates.quality)
        _print(plans, discordance, (*_NOTES, _BY_CATEGORY) if by_category else _NOTES)
        left = (f"{kind}: {', '.join(suites)}" for kind, suites in unpinned.items())
        print_lines(
            "Suites that the sender of a unit chooses; to pin them, set `suite` of the kind, or `digest` of the "
            "safety suite",
            left,
        )
        print_lines("Merges", unreachable(rules))
    if short or undecided:
        raise typer.Exit(REFUSED)


def _answer(impossible: Sequence[str], undecided: Sequence[str]) -> str:
    if impossible:
        return f"cannot be passed, for {counted(len(impossible), 'reason')}:"
    if undecided:
        return f"leaves many good candidates undecided, for {counted(len(undecided), 'reason')}:"
    return "can be passed."


def _first_release_gaps(rules: GateRules) -> Iterator[str]:
    """The limits without which no unit passes as long as there is no baseline to compare it with."""
    for rule in rules.quality:
        if rule.floor is None:
            yield f"quality of {rule.metric} has no `floor`"
    latency = rules.latency
    if latency is not None and latency.p95_ms is None:
        yield "latency has no `p95_ms`"
    if latency is not None and latency.cost_ratio is not None and latency.cost is None:
        yield "latency has no `cost`"


def _suites(rules: GateRules, items: int | None) -> Mapping[str, int]:
    return dict.fromkeys(rules.safety.suites, items) if rules.safety and items else {}


def _print(plans: Mapping[str, Plan], discordance: float, notes: Sequence[str]) -> None:
    rows = [(kind, *_row(need)) for kind, kind_plan in sorted(plans.items()) for need in kind_plan.needs]
    columns = ("kind", "gate", "check", "limit", "at least", "for 80 %", "for 95 %", "available", "can prove")
    print_table(
        f"Items needed if two equally good models differ on {Decimal(str(discordance)) * 100:g} % of them",
        columns,
        rows,
    )
    print_lines("How to read it", notes)


def _row(need: Need) -> tuple[str, ...]:
    counts = (need.least, need.power_80, need.power_95, need.available)
    return (
        need.gate,
        need.check,
        need.limit,
        *(f"{count:,}" if count is not None else "" for count in counts),
        need.detectable or "",
    )
