# SPDX-License-Identifier: Apache-2.0
"""What do the folders of `events/` say that each payload means?"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from msgspec.structs import asdict

from federation.sources import Memory, Reading, Request, Token, Trust, read, without_repeated

EVENTS = Path(__file__).parents[2] / "events"
POLICY = json.loads((EVENTS / "trust.json").read_bytes())
TRUST = Trust.read(POLICY)


@dataclass(frozen=True)
class Case:
    """One folder: the exact body, and what is expected of it."""

    name: str
    body: bytes
    told: dict[str, Any]

    @property
    def trust(self) -> Trust:
        return Trust.read({**POLICY, **self.told["trust"]}) if "trust" in self.told else TRUST

    def request(self, body: bytes | None = None) -> Request:
        token = self.told.get("token")
        return Request(
            entry=self.told["entry"],
            body=self.body if body is None else body,
            headers=self.told.get("headers", {}),
            token=Token(**token) if token else None,
            proven=self.told.get("authenticated", False),
        )

    def reading(self) -> Reading:
        memory = Memory()
        for earlier in self.told.get("after", ()):
            _, memory = without_repeated(read(self.request(body_of(earlier)), self.trust), memory)
        return without_repeated(read(self.request(), self.trust), memory)[0]


def body_of(name: str) -> bytes:
    return (EVENTS / name / "raw.json").read_bytes()


def case(name: str) -> Case:
    told = json.loads((EVENTS / name / "event.json").read_bytes())
    return Case(name=name, body=body_of(name), told=told)


CASES = [case(str(path.parent.relative_to(EVENTS).as_posix())) for path in sorted(EVENTS.glob("*/*/event.json"))]


def differences(reading: Reading, told: dict[str, Any]) -> list[str]:
    """Every field that was told and came out otherwise."""
    pairs = [(f"{name}", getattr(reading, name), told[name]) for name in ("verdict", "error", "respond")]
    pairs += _fields("expect", reading.completion, told["expect"])
    pairs += _fields("signal", reading.signal, told["signal"])
    for index, also in enumerate(told.get("also", ())):
        pairs += _fields(f"also[{index}]", reading.completions[index + 1], also)
    if "batch" in told:
        pairs.append(("batch", [one.verdict for one in reading.batch or ()], told["batch"]["records"]))
        pairs.append(("failures", list(reading.batch_item_failures), told["batch"]["batchItemFailures"]))
    return [f"{name}: {got!r}, not {wanted!r}" for name, got, wanted in pairs if got != wanted]


def _fields(prefix: str, found: Any, told: dict[str, Any] | None) -> list[tuple[str, Any, Any]]:
    if told is None or found is None:
        return (
            [(prefix, found, None)] if told is None and prefix == "expect" else [(prefix, found is None, told is None)]
        )
    fields = asdict(found)
    return [(f"{prefix}.{key}", fields[key], wanted) for key, wanted in told.items()]
