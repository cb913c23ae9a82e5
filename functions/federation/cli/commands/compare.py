# SPDX-License-Identifier: Apache-2.0
"""`federation compare`: is a candidate's file of records not worse than the baseline's, and the anchor's?"""

import json
import math
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from federation.cli.failure import failure_of, tell
from federation.cli.files.records import records_of
from federation.cli.pages.categories import CategoryLoss, category_losses, loss_lines
from federation.cli.screen.visible import visible_lines
from federation.core.number_text import number
from federation.core.records import Records, quoted
from federation.core.statistics.comparison import Comparison, compare_records
from federation.core.statistics.power import detectable_effect
from federation.core.statistics.wording import sentence
from federation.errors import REFUSED, ContractError

_SEVERITY: Final = {"fail": 0, "inconclusive": 1, "pass": 2}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Question:
    """What to compare, the same for every pair."""

    metric: str
    margin: float
    lower_is_better: bool
    seed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class _Answer:
    """The worse of a pair's comparisons, the side it was made against, and the categories that lost."""

    against: str
    comparison: Comparison
    reason: str
    categories: tuple[CategoryLoss, ...]


def compare(
    candidate: Annotated[
        Path | None, typer.Argument(help="The candidate's records, JSON Lines.", metavar="CANDIDATE")
    ] = None,
    baseline: Annotated[
        Path | None, typer.Argument(help="The baseline's records on the same items.", metavar="BASELINE")
    ] = None,
    *,
    metric: Annotated[str, typer.Option(help="The score to compare.", metavar="NAME")],
    margin: Annotated[
        float, typer.Option(help="The allowed loss, in the metric's unit. 0 requires a proven gain.", metavar="N")
    ],
    anchor: Annotated[
        Path | None, typer.Option(help="The anchor's records. The candidate must pass against both.", metavar="FILE")
    ] = None,
    each: Annotated[Path | None, typer.Option(help="A folder with one subfolder per pair.", metavar="DIR")] = None,
    lower_is_better: Annotated[bool, typer.Option("--lower-is-better", help="A lower score is better.")] = False,
    seed: Annotated[
        int, typer.Option(help="The bootstrap's seed, for scores that are not 0/1.", min=0, metavar="N")
    ] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object instead of text.")] = False,
) -> None:
    """Compare a candidate's records with a baseline's: pass, fail or inconclusive, with 95 % bounds.

    Exit code: 0 pass; 10 fail or inconclusive; 2 unreadable input. --each reads candidate.jsonl, baseline.jsonl and, if
    present, anchor.jsonl in every subfolder; its exit code is 2 if a pair cannot be read, else 0.
    """
    if not (math.isfinite(margin) and margin >= 0):
        raise typer.BadParameter("expected a finite number that is not negative", param_hint="--margin")
    question = _Question(metric=metric, margin=margin, lower_is_better=lower_is_better, seed=seed)
    if each is not None and candidate is None and anchor is None:
        raise typer.Exit(_every_pair(each, question))
    if each is not None or candidate is None or baseline is None:
        raise typer.BadParameter("expected either CANDIDATE and BASELINE, or --each DIR alone")
    raise typer.Exit(_one_pair(candidate, baseline, anchor, question, as_json=as_json))


def _one_pair(candidate: Path, baseline: Path, anchor: Path | None, question: _Question, *, as_json: bool) -> int:
    try:
        answer = _answer(candidate, baseline, anchor, question)
    except ContractError as error:
        failure = failure_of(error)
        if as_json:
            unmeasured = {**_unknown(str(error)), "flipped": [], "categories": [], "against": None}
            print(_json({**unmeasured, "error": asdict(failure)}))
        return tell(failure, as_json=False)  # with --json the comparison's object contains the failure
    if as_json:
        items = {"flipped": list(answer.comparison.named), "categories": list(map(asdict, answer.categories))}
        print(_json({**_numbers(answer), "reason": answer.reason, **items}))
    else:
        print(visible_lines("\n".join(_page(answer))))
    return 0 if answer.comparison.verdict == "pass" else REFUSED


def _every_pair(folder: Path, question: _Question) -> int:
    pairs = _pairs(folder) if folder.is_dir() else []
    if not pairs:
        raise ContractError(f"{folder} has no subfolder to compare; each needs candidate.jsonl and baseline.jsonl")
    broken = False
    for name in pairs:
        pair = folder / name
        anchor = pair / "anchor.jsonl"
        try:
            existing = anchor if anchor.exists() else None
            answer = _answer(pair / "candidate.jsonl", pair / "baseline.jsonl", existing, question)
            line = _line(answer, existing is not None)
        except ContractError as error:
            broken, line = True, _unknown(str(error))
        print(_json({"pair": name, **line}))
    return ContractError.exit_code if broken else 0


def _pairs(folder: Path) -> list[str]:
    return sorted(entry.name for entry in folder.iterdir() if entry.is_dir() and not entry.name.startswith("."))


def _answer(candidate: Path, baseline: Path, anchor: Path | None, question: _Question) -> _Answer:
    mine = records_of(candidate, question.metric)
    others = {"baseline": baseline} if anchor is None else {"baseline": baseline, "anchor": anchor}
    answers = [_against(name, mine, records_of(path, question.metric), question) for name, path in others.items()]
    return min(answers, key=_strictness)


def _against(name: str, mine: Records, other: Records, question: _Question) -> _Answer:
    comparison = compare_records(
        mine,
        other,
        metric=question.metric,
        margin=question.margin,
        lower_is_better=question.lower_is_better,
        seed=question.seed,
    )
    reason = sentence(
        comparison,
        metric=question.metric,
        margin=question.margin,
        against=f"the {name}",
        lower_is_better=question.lower_is_better,
    )
    is_estimated = comparison.interval is not None
    categories = (
        category_losses(mine, other, question.metric, lower_is_better=question.lower_is_better) if is_estimated else ()
    )
    return _Answer(against=name, comparison=comparison, reason=reason, categories=categories)


def _strictness(answer: _Answer) -> tuple[int, float]:
    interval = answer.comparison.interval
    return _SEVERITY[answer.comparison.verdict], -math.inf if interval is None else interval.lower


def _numbers(answer: _Answer) -> dict[str, Any]:
    comparison, interval = answer.comparison, answer.comparison.interval
    if interval is None:
        return {**_unknown(answer.reason), "n": comparison.items, "against": answer.against}
    return {
        "verdict": comparison.verdict,
        "estimate": interval.estimate,
        "lower": interval.lower,
        "upper": interval.upper,
        "n": comparison.items,
        "detectable": detectable_effect(interval.error),
        "against": answer.against,
    }


def _line(answer: _Answer, has_anchor: bool) -> dict[str, Any]:
    line = _numbers(answer)
    if not has_anchor:
        del line["against"]
    return line


def _unknown(reason: str) -> dict[str, Any]:
    numbers = dict.fromkeys(("estimate", "lower", "upper"))
    return {"verdict": "inconclusive", **numbers, "n": 0, "detectable": None, "reason": reason}


def _json(line: dict[str, Any]) -> str:
    return json.dumps(line, allow_nan=False)


def _page(answer: _Answer) -> Iterator[str]:
    comparison, interval = answer.comparison, answer.comparison.interval
    yield f"{comparison.verdict.upper()}: {answer.reason}"
    if interval is None:
        return
    yield ""
    yield f"  estimate     {number(interval.estimate)}"
    yield f"  95 % bounds  {number(interval.lower)} .. {number(interval.upper)}"
    yield f"  detectable   {number(detectable_effect(interval.error))} with power 80 %"
    yield f"  items        {comparison.items:,}"
    yield f"  method       {comparison.method}"
    if comparison.named:
        yield f"\n{comparison.worse:,} items got worse, first of all:"
        yield from (f"  {quoted(item)}" for item in comparison.named)
    yield from loss_lines(answer.categories)
