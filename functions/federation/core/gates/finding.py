# SPDX-License-Identifier: Apache-2.0
"""The result of one check of one gate."""

from collections.abc import Mapping, Sequence
from typing import Any, Final, Literal, get_args

import msgspec

from federation.core.statistics.comparison import Verdict

Gate = Literal["quality", "latency", "safety", "compatibility"]
GATES: Final[tuple[Gate, ...]] = get_args(Gate)
FIRST: Final = "nothing serves yet"
"""How a reason says that there is no baseline. Stored reports contain these words, so they cannot change."""
_LONGEST: Final = 3000
"""The most characters of a reason, which may quote many faults."""


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """One check's verdict and reason, with its numbers (as decimal text) and the items behind it (at most 50)."""

    gate: Gate
    check: str
    verdict: Verdict
    reason: str
    numbers: Mapping[str, str] = msgspec.field(default_factory=dict)
    items: tuple[str, ...] = ()

    def document(self) -> dict[str, Any]:
        """The finding as a report contains it: text, objects and arrays only."""
        return {
            "gate": self.gate,
            "check": self.check,
            "verdict": self.verdict,
            "reason": self.reason if len(self.reason) <= _LONGEST else self.reason[:_LONGEST] + " ...",
            "numbers": dict(self.numbers),
            "items": list(self.items),
        }


def verdict(findings: Sequence[Finding]) -> Verdict:
    """`fail` if any check fails; `pass` only if every gate has findings and all of them pass; else `inconclusive`."""
    verdicts = {finding.verdict for finding in findings}
    if "fail" in verdicts:
        return "fail"
    complete = {finding.gate for finding in findings} == set(GATES)
    return "pass" if complete and verdicts == {"pass"} else "inconclusive"
