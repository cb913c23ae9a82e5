# SPDX-License-Identifier: Apache-2.0
"""Can a unit replace the baseline without breaking those who rely on it?

The gate is deterministic. A table says which fields each kind of unit must state, and every difference from the
baseline is reported with both values. A policy may add fields and kinds. It may also allow changes, which make the
release a major. A missing field always fails.
"""

from collections.abc import Mapping
from typing import Any, Final, Literal

import msgspec

from federation.core.digest import canonical
from federation.core.faults import cut
from federation.core.gates.evidence import Subject
from federation.core.gates.finding import FIRST, Finding
from federation.core.gates.rules import CompatibilityRule, FieldComparison

_ADAPTER: Final[Mapping[str, FieldComparison]] = {
    **dict.fromkeys(("base_model", "tokenizer", "chat_template", "rank"), "equal"),
    "target_modules": "same set",
}
_RUNTIME: Final[Mapping[str, FieldComparison]] = {
    **dict.fromkeys(("format", "opset", "inputs", "outputs"), "equal"),
    "limits.max_batch": "may grow",
    "limits.max_tokens": "may grow",
}
STATED: Final[Mapping[str, Mapping[str, FieldComparison]]] = {
    "textgen-lora": _ADAPTER,
    "policy-adapter": _ADAPTER,
    "embedder": {**dict.fromkeys(("dimension", "pooling", "normalisation"), "equal"), "max_tokens": "may grow"},
    "retrieval-eval": {"index_dimension": "equal", "embedder": "equal"},
    "runtime-distilled": _RUNTIME,
    "inference-benchmark": _RUNTIME,
}
"""The fields of each kind's contract, and how each may differ from the baseline's. A dot goes one level down.

A policy may add fields (gates.<kind>.compatibility.contract), but cannot remove any.
"""
_ABSENT: Final = "absent"
_MAX_VALUE: Final = 120
"""The most characters shown of a value."""


class Difference(msgspec.Struct, frozen=True, kw_only=True):
    """A contract field that breaks what the baseline's users rely on, with both values as text."""

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
    """Every field that the unit must state but does not, or that does not fit the baseline's. The API comes last."""
    required, mine = _required_fields(candidate.kind, rule), _flattened(candidate.contract)
    theirs = {} if baseline is None else _flattened(baseline.contract)
    fields = (_difference(name, mine, theirs, required.get(name)) for name in sorted({*required, *theirs}))
    api = _difference("api", {"api": candidate.api}, {"api": None if baseline is None else baseline.api}, "equal")
    return tuple(difference for difference in (*fields, api) if difference is not None)


def is_contract_change(candidate: Subject, baseline: Subject | None, rule: CompatibilityRule) -> bool:
    """Whether a release with this unit must be a major, because a field changed or shrank."""
    return any(difference.nature != "missing" for difference in differences(candidate, baseline, rule))


def judge_compatibility(candidate: Subject, baseline: Subject | None, rule: CompatibilityRule) -> tuple[Finding, ...]:
    """One finding on the unit's contract, and one on the API of the fused release."""
    if not _required_fields(candidate.kind, rule):
        advice = f"list its fields in the policy, under gates.{candidate.kind}.compatibility.contract"
        return (_finding("contract", "fail", f"no contract is known for kind {candidate.kind!r}; {advice}"),)
    if baseline is not None and baseline.kind != candidate.kind:
        text = f"a {candidate.kind} cannot take the place of a {baseline.kind}"
        return (_finding("contract", "fail", text),)
    all_differences = differences(candidate, baseline, rule)
    api = tuple(difference for difference in all_differences if difference.field == "api")
    contract = tuple(difference for difference in all_differences if difference.field != "api")
    return tuple(
        _part_finding(check, candidate, part, first=baseline is None, major=rule.major)
        for check, part in (("contract", contract), ("api", api))
    )


def _required_fields(kind: str, rule: CompatibilityRule) -> Mapping[str, FieldComparison]:
    return {**rule.contract, **STATED.get(kind, {})}


def _part_finding(check: str, candidate: Subject, part: tuple[Difference, ...], *, first: bool, major: bool) -> Finding:
    what = "the API of the fused release" if check == "api" else f"the contract of {candidate.kind}"
    items = tuple(difference.field for difference in part)
    if not part:
        reason = f"{what} is stated in full" + (f"; {FIRST}" if first else " and fits the baseline's")
        return _finding(check, "pass", reason)
    text = "; ".join(difference.described() for difference in part)
    is_missing = any(difference.nature == "missing" for difference in part)
    if major and not is_missing:
        return _finding(check, "pass", f"{what} changes, which the policy allows in a major release: {text}", items)
    advice = "state it in the manifest" if is_missing else "only a policy that allows a major release lets it pass"
    return _finding(check, "fail", f"{what} does not fit: {text}; {advice}", items)


def _finding(check: str, verdict: Literal["pass", "fail"], reason: str, items: tuple[str, ...] = ()) -> Finding:
    return Finding(gate="compatibility", check=check, verdict=verdict, reason=reason, items=items)


def _difference(
    name: str, mine: Mapping[str, Any], theirs: Mapping[str, Any], comparison: FieldComparison | None
) -> Difference | None:
    """The difference in one field, or None. Without `comparison`, only the baseline states it, and it must not change."""
    here, there = mine.get(name), theirs.get(name)
    nature: Literal["missing", "changed", "shrunk"]
    if here is None or (comparison is not None and here in ("", [], {})):
        nature = "missing"
    elif there is None or _fits(here, there, comparison):
        return None
    else:
        nature = "shrunk" if comparison == "may grow" and _is_larger(there, here) else "changed"
    return Difference(field=name, nature=nature, candidate=_value_text(here), baseline=_value_text(there))


def _fits(here: Any, there: Any, comparison: FieldComparison | None) -> bool:
    """Whether both have the same canonical bytes (so true is not 1, and keys have no order), or differ as allowed."""
    if comparison == "same set" and isinstance(here, list) and isinstance(there, list):
        return sorted(map(canonical, here)) == sorted(map(canonical, there))
    return canonical(here) == canonical(there) or (comparison == "may grow" and _is_larger(here, there))


def _is_larger(here: Any, there: Any) -> bool:
    return type(here) is int and type(there) is int and here > there


def _value_text(value: Any) -> str:
    return _ABSENT if value is None else cut(repr(value), _MAX_VALUE)


def _flattened(contract: Mapping[str, Any]) -> Mapping[str, Any]:
    """The contract with its limits moved one level up, as `limits.x`. Other fields with such names are ignored."""
    rest = {name: value for name, value in contract.items() if not name.startswith("limits.")}
    limits = rest.get("limits")
    if not isinstance(limits, dict):
        return rest
    del rest["limits"]
    return {**rest, **{f"limits.{inner}": limit for inner, limit in limits.items()}}
