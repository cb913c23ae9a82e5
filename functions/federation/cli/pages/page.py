# SPDX-License-Identifier: Apache-2.0
"""The page that a person on call reads."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from federation.cli.pages.remedy import remedies
from federation.cli.screen.output import print_line, print_lines, print_ways, readable, timed, when
from federation.cli.store.history import Past

SHOWN_ITEMS: Final = 12
"""Most flipped items on a screen; JSON has all that the report names."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """Verdict, reasons, evidence, the decisions that led here, the documents, and what to do next."""

    subject: str
    verdict: str
    why: Sequence[str]
    facts: Mapping[str, str]
    findings: Sequence[Mapping[str, Any]] = ()
    led_here: Sequence[Past] = ()
    documents: Sequence[str] = ()
    next_steps: Sequence[str] = ()
    about: str = ""
    """What the verdict is about, if not the subject: of an alarm, the release that was rolled back."""
    content: Mapping[str, Any] | None = None
    """The document that the page is about, for JSON; None if it is not part of the answer."""

    def document(self) -> dict[str, Any]:
        """The page as JSON."""
        return {
            "subject": self.subject,
            "about": self.about or self.subject,
            "verdict": self.verdict,
            "why": list(self.why),
            "facts": dict(self.facts),
            "findings": [{**finding, "would_have_passed": list(remedies(finding))} for finding in self.findings],
            "led_here": [_step(past) for past in self.led_here],
            "documents": list(self.documents),
            "next": list(self.next_steps),
            **({} if self.content is None else {"content": self.content}),
        }


def print_page(page: Page) -> None:
    """Print the page on a screen. Decisions are left out if `Why` already has their reasons."""
    print_line(f"{readable(page.about or page.subject)}: {page.verdict.upper()}")
    print_lines("Why", map(readable, page.why))
    print_ways("What to do next", page.next_steps)
    width = max(map(len, page.facts), default=0)
    print_lines("Facts", (f"{name.ljust(width)}  {_fact(name, value)}" for name, value in page.facts.items()))
    print_lines("Gates", (line for finding in page.findings for line in finding_lines(finding)))
    if not all(past.why in page.why for past in page.led_here):
        lines = (f"{when(past.now)}  {past.step:10} {readable(past.why)}{_ordered(past)}" for past in page.led_here)
        print_lines("What led here", lines)
    print_lines("Documents", page.documents)


def _ordered(past: Past) -> str:
    return f" (ordered by {who})" if (who := past.ordered_by) else ""


def _fact(name: str, value: str) -> str:
    """The value for a screen. An alarm keeps its whole name, by which its cloud finds it."""
    return timed(value) if name == "alarm" else readable(value)


def finding_lines(finding: Mapping[str, Any]) -> Iterator[str]:
    """The lines of one check: verdict and reason, what would have passed, the items behind it."""
    yield f"{finding['verdict']:12} {finding['gate']}: {readable(finding['reason'])}"
    if finding["verdict"] == "pass":
        return
    for remedy in remedies(finding):
        yield f"{'':12}   would have passed: {remedy}"
    items = finding["items"]
    if items:
        count = max(len(items), int(finding["numbers"].get("lost", 0)))
        more = f" and {count - SHOWN_ITEMS:,} more" if count > SHOWN_ITEMS else ""
        yield f"{'':12}   items: {', '.join(items[:SHOWN_ITEMS])}{more}"


def _step(past: Past) -> dict[str, Any]:
    return {
        "decision": past.name,
        "step": past.step,
        "now": past.now,
        "event": {"type": past.event.type, "subject": past.event.subject, "time": past.event.time},
        "id": past.event.id,
        "who": past.ordered_by,
        "why": past.why,
    }
