# SPDX-License-Identifier: Apache-2.0
"""Can a unit take the baseline's place without anybody who relies on it noticing?

The gate is deterministic: a table says what each kind of unit must state, and every difference from the baseline is
reported with both values. A policy may add fields and kinds of its own. It may also consent to changes, which make the
release a major; a field that is not stated is never excused.
"""

from collections.abc import Mapping
from typing import Any, Final, Literal

import msgspec

from federation.core.digest import canonical
from federation.core.faults import cut
from federation.core.gates.evidence import Subject
from federation.core.gates.finding import Finding
from federation.core.gates.rules import Comparison, CompatibilityRule

_ADAPTER: Final[Mapping[str, Comparison]] = {
    **dict.fromkeys(("base_model", "tokenizer", "chat_template", "rank"), "equal"),
    "target_modules": "same set",
}
_RUNTIME: Final[Mapping[str, Comparison]] = {
    **dict.fromkeys(("format", "opset", "inputs", "outputs"), "equal"),
    "limits.max_batch": "may grow",
    "limits.max_tokens": "may grow",
}
STATED: Final[Mapping[str, Mapping[str, Comparison]]] = {
    "textgen-lora": _ADAPTER,
    "policy-adapter": _ADAPTER,
    "embedder": {**dict.fromkeys(("dimension", "pooling", "normalisation"), "equal"), "max_tokens": "may grow"},
    "retrieval-eval": {"index_dimension": "equal", "embedder": "equal"},
    "runtime-distilled": _RUNTIME,
    "inference-benchmark": _RUNTIME,
}
"""What the contract of each kind must state, and how it may differ from the baseline's. A dot goes one level down.

A policy may add to it (gates.<kind>.compatibility.contract), but cannot take anything away.
"""
_ABSENT: Final = "absent"
_SHOWN: Final = 120
"""Characters of a value, so that it fits into a line of a page."""


class Difference(msgspec.Struct, frozen=True, kw_only=True):
    """A field of the contract that is not what the baseline's users rely on; both values as text."""

    field: str
    nature: Literal["missing", "changed", "shrunk"]
    candidate: str
    baseline: str

    def described(self) -> str:
        """The difference in a few words."""
        if self.nature == "missing":
            return f"{self.field} is not stated" + (f" (was {self.baseline})" if self.baseline != _ABSENT else "")
        verb = "shrank" if self.nature == "shrunk" else self.nature
        return f"{self.field} {verb} from {self.baseline} to {self.candidate}"


def differences(candidate: Subject, baseline: Subject | None, rule: CompatibilityRule) -> tuple[Difference, ...]:
    """Every field that the kind must state but the unit does not, or that does not fit the baseline's; the API last."""
    required, mine = _stated(candidate.kind, rule), _flat(candidate.contract)
    theirs = {} if baseline is None else _flat(baseline.contract)
    found = (_difference(name, mine, theirs, required.get(name)) for name in sorted({*required, *theirs}))
    api = _difference("api", {"api": candidate.api}, {"api": None if baseline is None else baseline.api}, "equal")
    return tuple(difference for difference in (*found, api) if difference is not None)


def is_contract_change(candidate: Subject, baseline: Subject | None, rule: CompatibilityRule) -> bool:
    """Whether a release with this unit must be a major: some stated field changed or shrank."""
    return any(difference.nature != "missing" for difference in differences(candidate, baseline, rule))


def judge_compatibility(candidate: Subject, baseline: Subject | None, rule: CompatibilityRule) -> tuple[Finding, ...]:
    """One finding on the unit's contract and one on the API of the fused release."""
    if not _stated(candidate.kind, rule):
        advice = f"list its fields in the policy, under gates.{candidate.kind}.compatibility.contract"
        return (_finding("contract", "fail", f"no contract is known for kind {candidate.kind!r}; {advice}"),)
    if baseline is not None and baseline.kind != candidate.kind:
        text = f"a {candidate.kind} cannot take the place of a {baseline.kind}"
        return (_finding("contract", "fail", text),)
    found = differences(candidate, baseline, rule)
    api = tuple(difference for difference in found if difference.field == "api")
    contract = tuple(difference for difference in found if difference.field != "api")
    return tuple(
        _judged(check, candidate, part, first=baseline is None, major=rule.major)
        for check, part in (("contract", contract), ("api", api))
    )


def _stated(kind: str, rule: CompatibilityRule) -> Mapping[str, Comparison]:
    return {**rule.contract, **STATED.get(kind, {})}


def _judged(check: str, candidate: Subject, found: tuple[Difference, ...], *, first: bool, major: bool) -> Finding:
    named = "the API of the fused release" if check == "api" else f"the contract of {candidate.kind}"
    items = tuple(difference.field for difference in found)
    if not found:
        reason = f"{named} is stated in full" + ("; nothing serves yet" if first else " and fits the baseline's")
        return _finding(check, "pass", reason)
    listed = "; ".join(difference.described() for difference in found)
    missing = any(difference.nature == "missing" for difference in found)
    if major and not missing:
        return _finding(check, "pass", f"{named} changes, which the policy allows in a major release: {listed}", items)
    advice = "state it in the manifest" if missing else "only a policy that allows a major release lets it pass"
    return _finding(check, "fail", f"{named} does not fit: {listed}; {advice}", items)


def _finding(check: str, verdict: Literal["pass", "fail"], reason: str, items: tuple[str, ...] = ()) -> Finding:
    return Finding(gate="compatibility", check=check, verdict=verdict, reason=reason, items=items)


def _difference(
    name: str, mine: Mapping[str, Any], theirs: Mapping[str, Any], comparison: Comparison | None
) -> Difference | None:
    """`comparison` is None for a field that only the baseline states: it has to stay as it is, even empty."""
    here, there = mine.get(name), theirs.get(name)
    nature: Literal["missing", "changed", "shrunk"]
    if here is None or (comparison is not None and here in ("", [], {})):
        nature = "missing"
    elif there is None or _fits(here, there, comparison):
        return None
    else:
        nature = "shrunk" if comparison == "may grow" and _grew(there, here) else "changed"
    return Difference(field=name, nature=nature, candidate=_shown(here), baseline=_shown(there))


def _fits(here: Any, there: Any, comparison: Comparison | None) -> bool:
    """Whether both have the same canonical bytes (true is not 1, and keys have no order), or differ as allowed."""
    if comparison == "same set" and isinstance(here, list) and isinstance(there, list):
        return sorted(map(canonical, here)) == sorted(map(canonical, there))
    return canonical(here) == canonical(there) or (comparison == "may grow" and _grew(here, there))


def _grew(here: Any, there: Any) -> bool:
    return type(here) is int and type(there) is int and here > there


def _shown(value: Any) -> str:
    return _ABSENT if value is None else cut(repr(value), _SHOWN)


def _flat(contract: Mapping[str, Any]) -> Mapping[str, Any]:
    """The contract with its limits one level up; a field outside `limits` that is named like one is ignored."""
    rest = {name: value for name, value in contract.items() if not name.startswith("limits.")}
    limits = rest.get("limits")
    if not isinstance(limits, dict):
        return rest
    del rest["limits"]
    return {**rest, **{f"limits.{inner}": limit for inner, limit in limits.items()}}
