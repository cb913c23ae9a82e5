# SPDX-License-Identifier: Apache-2.0
"""How do the consortium's numbers become the tables and charts of docs/consortium.md?

The part of the page between its two marks is made here from results.json; the rest is written by hand.
"""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from training_images.federated import chart
from training_images.federated.chart import Bar
from training_images.job.errors import ConfigError

ROOT: Final = Path(__file__).resolve().parents[2]
PAGE: Final = ROOT / "docs" / "consortium.md"
RESULTS: Final = Path(__file__).resolve().parent / "results.json"
BEGIN: Final = "<!-- made by training_images/federated/report.py: -->"
END: Final = "<!-- :made -->"
Measured = Sequence[float | None]


def write(results: Mapping[str, Any], page: Path = PAGE) -> None:
    """Write the tables into the page and the charts beside it."""
    page.write_text(filled(page.read_text(encoding="utf-8"), tables(results)), encoding="utf-8")
    for name, consortium in results["consortia"].items():
        (page.parent / f"consortium-{name}.svg").write_bytes(drawn(name, consortium))


def filled(page: str, tables_text: str) -> str:
    """The page with the part between its marks replaced.

    Raises:
        ConfigError: The page has lost its marks.
    """
    head, begin, after_begin = page.partition(BEGIN)
    _, end, tail = after_begin.partition(END)
    if not (begin and end):
        raise ConfigError(f"{PAGE.name} has lost the marks {BEGIN} and {END}; put them back around the tables")
    return f"{head}{BEGIN}\n{tables_text}{END}{tail}"


def tables(results: Mapping[str, Any]) -> str:
    """All tables, as Markdown."""
    parts = [line for name, consortium in results["consortia"].items() for line in _consortium(name, consortium)]
    return "\n".join([*parts, *_deployed(results.get("deployed"))]) + "\n"


def drawn(name: str, consortium: Mapping[str, Any]) -> bytes:
    """A chart: federated less alone, on each member's own test persons, for every split."""
    bars = [
        Bar(
            label=f"{member}, split {split['seed']}", group=member, **_numbers(own["federated less"][f"alone {member}"])
        )
        for member in [entry["member"] for entry in consortium["members"]]
        for split in consortium["splits"]
        for own in [split["own"][member]]
    ]
    return chart.intervals(f"{name}: AUC on own persons, consortium less member alone, 95 % intervals", bars, mark=0)


def verdicts(consortium: Mapping[str, Any]) -> dict[str, int]:
    """On how many of the members' own tests the consortium's model is better, worse, undecided, or not measurable."""
    counts = dict.fromkeys(("better", "worse", "undecided", "not measurable"), 0)
    for split in consortium["splits"]:
        for member, own in split["own"].items():
            counts[_verdict(own["federated less"][f"alone {member}"])] += 1
    return counts


def _verdict(measured: Measured) -> str:
    _, low, high = measured
    if low is None or high is None:
        return "not measurable"
    if low > 0:
        return "better"
    return "worse" if high < 0 else "undecided"


def _consortium(name: str, consortium: Mapping[str, Any]) -> Iterator[str]:
    yield f"\n## {name.capitalize()}\n"
    yield f"{consortium['origin']}; {consortium['predictors']} predictors.\n"
    yield from _table(
        ("member", "rows", "persons", "with the outcome", "test rows", "of these with it"),
        [
            (
                entry["member"],
                f"{entry['rows']:,}",
                f"{entry['persons']:,}",
                f"{100 * entry['positive']:.1f} %",
                f"{entry['asked']:,}",
                str(entry["asked_positive"]),
            )
            for entry in consortium["members"]
        ],
    )
    yield "\n**Pooled test.** AUC and its 95 % interval; then the consortium's AUC less the other's, paired.\n"
    yield from _table(("", *(f"split {split['seed']}" for split in consortium["splits"])), _pooled(consortium))
    yield "\n**Each member's own test persons.** AUC alone, of the consortium's model, and the paired difference.\n"
    yield from _table(
        ("member", "split", "alone", "federated", "difference", ""),
        [_own(split, member) for member in consortium["splits"][0]["own"] for split in consortium["splits"]],
    )
    counts = verdicts(consortium)
    yield f"\nOf {sum(counts.values())} comparisons: {', '.join(f'{counts[entry]} {entry}' for entry in counts)}.\n"
    yield f"![differences](consortium-{name}.svg)\n"
    yield "**Noise** (DP-SGD, person by person, delta 1e-5): AUC on the pooled test, less that without noise.\n"
    yield from _table(
        ("noise", "epsilon", *(f"split {split['seed']}" for split in consortium["splits"])), _noise(consortium)
    )
    lost = consortium["lost"]
    yield (
        f"\n**Lost in the second round:** {lost['member']}, the largest. The rounds went on with "
        f"{lost['members'][-1]} of {lost['members'][0]} members; AUC {_interval(lost['auc'])}, "
        f"against all members {_interval(lost['less'], sign=True)}.\n"
    )


def _pooled(consortium: Mapping[str, Any]) -> Iterator[tuple[str, ...]]:
    splits = [split["pooled"] for split in consortium["splits"]]
    for model in splits[0]["auc"]:
        yield (model, *(_interval(split["auc"][model]) for split in splits))
    for other in splits[0]["federated less"]:
        yield (f"federated less {other}", *(_interval(split["federated less"][other], sign=True) for split in splits))


def _own(split: Mapping[str, Any], member: str) -> tuple[str, ...]:
    own = split["own"][member]
    apart = own["federated less"][f"alone {member}"]
    return (
        member,
        str(split["seed"]),
        _interval(own["auc"][f"alone {member}"]),
        _interval(own["auc"]["federated"]),
        _interval(apart, sign=True),
        _verdict(apart),
    )


def _noise(consortium: Mapping[str, Any]) -> Iterator[tuple[str, ...]]:
    for entry in consortium["private"]:
        epsilon = "none: clipped only" if entry["epsilon"] is None else f"{entry['epsilon']:.2f}"
        each = (f"{split['auc'][0]:.3f} ({_interval(split['less'], sign=True)})" for split in entry["seeds"])
        yield (f"{entry['noise']:g}", epsilon, *each)


def _deployed(run: Mapping[str, Any] | None) -> Iterator[str]:
    if run is None:
        return
    longest = max(seconds for _, seconds in run["questions"])
    yield "\n## Deployed\n"
    yield (
        f"{run['consortium'].capitalize()}, {run['members']} SuperNodes on one machine, sums under masks, "
        f"{run['rounds']} rounds: {run['seconds']} s, of which {run['start']} to start; {len(run['questions'])} questions, "
        f"the longest {longest:.1f} s. "
        f"Greatest difference of a weight from the run in one process without masks: {run['apart']:.1e}.\n"
    )


def _interval(measured: Measured, *, sign: bool = False) -> str:
    estimate, low, high = measured
    if estimate is None or low is None or high is None:
        return "-"
    form = "+.3f" if sign else ".3f"
    return f"{estimate:{form}} [{low:{form}}, {high:{form}}]"


def _numbers(measured: Measured) -> dict[str, float]:
    estimate, low, high = (float("nan") if value is None else value for value in measured)
    return {"estimate": estimate, "low": low, "high": high}


def _table(head: Sequence[str], rows: Iterator[tuple[str, ...]] | Sequence[tuple[str, ...]]) -> Iterator[str]:
    yield f"| {' | '.join(head)} |"
    yield f"|{'|'.join('---' for _ in head)}|"
    for row in rows:
        yield f"| {' | '.join(row)} |"
