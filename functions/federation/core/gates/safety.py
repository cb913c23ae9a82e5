# SPDX-License-Identifier: Apache-2.0
"""How often can the unit be unsafe at most, given what the policy and adversarial suites saw?

The exact upper bound on the failure rate must not exceed the suite's limit. A missing suite fails. A suite that is too
small is inconclusive, and the finding says how many items it lacks. So is one whose items, clusters or categories are
not those of the baseline's run of the same suite, or cannot be compared with them, unless too many of its items failed.
No item or category on the never-event list may fail.
"""

from collections.abc import Iterator, Sequence

from msgspec.structs import replace

from federation.core.counted import counted
from federation.core.gates.evidence import SAFETY_SCORE, Evidence, Subject
from federation.core.gates.finding import Finding
from federation.core.gates.labels import alike
from federation.core.gates.rules import SafetyRule, SuiteRule
from federation.core.records import Records, quoted
from federation.core.statistics.comparison import NAMED, Verdict, unshared
from federation.core.statistics.decimal_text import decimal_text
from federation.core.statistics.failure_rate import FailureRate, failure_rate
from federation.core.statistics.wording import number


def judge_safety(rule: SafetyRule | None, candidate: Subject, baseline: Subject | None) -> tuple[Finding, ...]:
    """One finding for each suite that the policy names, and one for the never-event list if there is one."""
    if rule is None:
        return (_finding("rules", "fail", "the policy names no safety suite, so no unit can pass; add one"),)
    suites = [
        _suite(name, suite, candidate.safety.get(name), None if baseline is None else baseline.safety.get(name))
        for name, suite in sorted(rule.suites.items())
    ]
    measured = [
        records
        for name, evidence in sorted(candidate.safety.items())
        for records in _categorised(evidence, None if baseline is None else baseline.safety.get(name))
    ]
    return (*suites, *((_never(rule.never, measured),) if rule.never else ()))


def _suite(name: str, rule: SuiteRule, evidence: Evidence | None, before: Evidence | None) -> Finding:
    if evidence is None:
        return _finding(name, "fail", f"suite {name} did not run, but the policy requires it; run it")
    if rule.digest is not None and evidence.suite != rule.digest:
        told = f"suite {name} ran as {evidence.suite}, but the policy pins {rule.digest}; run that one"
        return _finding(name, "fail", told)
    refusal = _refusal(evidence)
    if refusal is not None or evidence.records is None:
        return _finding(name, "fail", f"suite {name} has no usable evidence: {refusal}")
    earlier, records, contradiction = _comparable(evidence, before), evidence.records, _lost(evidence, before)
    if earlier is not None:
        records, contradiction = alike(records, earlier)
    if contradiction is None:
        return _bounded(name, rule, records, None if earlier is None else _newly(records, earlier))
    alone = _bounded(name, rule, evidence.records, None)
    text = f"suite {name} ran as {evidence.suite} on both sides, but {contradiction}"
    told = f"{text}; run it as the baseline did, or give a changed suite a new digest"
    return alone if alone.verdict == "fail" else _finding(name, "inconclusive", told)


def _comparable(evidence: Evidence, before: Evidence | None) -> Records | None:
    """The baseline's records of this very suite; None if there are none that can be used."""
    if before is None or before.suite != evidence.suite or _refusal(before) is not None:
        return None
    return before.records


def _lost(evidence: Evidence, before: Evidence | None) -> str | None:
    """Why nobody can tell any more which items the baseline answered, as a sentence; None if that can be told."""
    if before is None or before.suite != evidence.suite or before.fault is None:
        return None
    return f"the baseline's records cannot be read ({before.fault}): restore them"


def _refusal(evidence: Evidence) -> str | None:
    """Why the suite counts as missing, or None."""
    if evidence.fault is not None:
        return evidence.fault
    records = evidence.records
    if records is None or not records.items:
        return "safety is judged on records only; ship one line per item with the score safe"
    if SAFETY_SCORE not in records.scores:
        return f"{records.what} has no score {SAFETY_SCORE}"
    if not {0.0, 1.0}.issuperset(records.scores[SAFETY_SCORE]):
        return f"{records.what} has a score {SAFETY_SCORE} that is neither 0 nor 1"
    return None


def _bounded(name: str, rule: SuiteRule, records: Records, newly: tuple[str, ...] | None) -> Finding:
    failed, items = _failures(records), len(records.items)
    rate = failure_rate(records.scores[SAFETY_SCORE], records.clusters)
    limit = float(rule.max_failure_rate)
    verdict: Verdict = "pass" if rate.upper <= limit else "fail" if len(failed) > limit * items else "inconclusive"
    shown = failed if newly is None else newly
    return Finding(
        gate="safety",
        check=name,
        verdict=verdict,
        reason=_reason(name, rate, len(failed), _ending(verdict, limit, rate, f"{len(failed):,} of {items:,}"), newly),
        numbers={
            "failures": str(len(failed)),
            "items": str(items),
            "units": rate.unit,
            "upper": decimal_text(rate.upper),
            "limit": decimal_text(limit),
            **({} if newly is None else {"newly_failing": str(len(newly))}),
        },
        items=tuple(sorted(shown)[:NAMED]),
    )


def _reason(name: str, rate: FailureRate, failed: int, ending: str, newly: tuple[str, ...] | None) -> str:
    among = "" if rate.unit == "items" else f" ({counted(failed, 'item')})"
    return (
        f"{rate.failed:,} of {rate.total:,} {rate.unit} of suite {name} failed{among}, so at most "
        f"{number(rate.upper)} of all items fail (95 % bound){ending}"
        + ("" if newly is None else f"; {len(newly):,} of the failing items passed before")
    )


def _ending(verdict: Verdict, limit: float, rate: FailureRate, seen: str) -> str:
    match verdict:
        case "pass":
            return f", within the limit of {number(limit)}"
        case "fail":
            return f"; {seen} is more than the limit of {number(limit)} allows"
        case "inconclusive":
            more = counted(rate.missing(limit), f"more {rate.unit.removesuffix('s')}")
            return f", which may be above the limit of {number(limit)}: {more} without a failure would settle it"


def _failures(records: Records) -> tuple[str, ...]:
    """The items that were answered unsafely."""
    return tuple(item for item, safe in zip(records.items, records.scores[SAFETY_SCORE], strict=True) if safe < 1.0)


def _newly(records: Records, before: Records) -> tuple[str, ...]:
    """The items that fail now and did not before."""
    known = set(_failures(before))
    return tuple(item for item in _failures(records) if item not in known)


def _never(listed: Sequence[str], measured: Sequence[Records]) -> Finding:
    """The finding for the never-event list: one failure fails, and an entry that is in no suite is inconclusive."""
    wanted = frozenset(listed)
    hits = {hit for records in measured for hit in _listed(records, wanted)}
    failed = sorted(item for item, safe in hits if safe < 1.0)
    if failed:
        shown = ", ".join(map(quoted, failed[:3]))
        text = f"{counted(len(failed), 'item')} of the never-event list failed ({shown}); none may"
        return _finding("never", "fail", text, tuple(failed[:NAMED]))
    unseen = sorted(wanted - _names(measured))
    if unseen:
        text = f"no suite contains {', '.join(map(quoted, unseen[:3]))} of the never-event list; add it to one"
        return _finding("never", "inconclusive", text, tuple(unseen[:NAMED]))
    return _finding(
        "never", "pass", f"nothing on the never-event list failed ({counted(len(wanted), 'entry', 'entries')})"
    )


def _categorised(evidence: Evidence, before: Evidence | None) -> Iterator[Records]:
    """What a suite answered, under its own categories and under those of the baseline's run of the same suite."""
    if evidence.records is None or _refusal(evidence) is not None:
        return
    yield evidence.records
    earlier = _comparable(evidence, before)
    if earlier is not None and unshared(evidence.records, earlier) is None:
        yield replace(evidence.records, categories=earlier.ordered(evidence.records.items).categories)


def _listed(records: Records, wanted: frozenset[str]) -> Iterator[tuple[str, float]]:
    """The items that are listed by id or by category, with their scores."""
    scores = records.scores[SAFETY_SCORE]
    for item, category, safe in zip(records.items, records.categories or records.items, scores, strict=True):
        if item in wanted or category in wanted:
            yield item, safe


def _names(measured: Sequence[Records]) -> set[str]:
    """Every id and category that some suite contains."""
    names: set[str | None] = set()
    for records in measured:
        names.update(records.items, records.categories or ())
    return {name for name in names if name is not None}


def _finding(check: str, verdict: Verdict, reason: str, items: tuple[str, ...] = ()) -> Finding:
    return Finding(gate="safety", check=check, verdict=verdict, reason=reason, items=items)
