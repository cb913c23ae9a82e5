# SPDX-License-Identifier: Apache-2.0
"""Which units are made, by which image, with which settings and which other units as input?

Three clouds ship twice. In the second shipment two units are deliberately not good enough: a policy adapter that
learned little, with two in five labels wrong, and a benchmark with too few requests for a p95. One unit
also comes in a third time; a comparison of two means accepts it, and a paired test does not.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

PLATFORM: Final[Mapping[str, str]] = {
    "textgen-lora": "hf",
    "policy-adapter": "hf",
    "embedder": "gcp",
    "retrieval-eval": "gcp",
    "runtime-distilled": "aws",
    "inference-benchmark": "aws",
}
"""Which platform ships which kind: the matrix of training/examples/policy.json."""
REGION: Final[Mapping[str, str]] = {"hf": "eu-west-1", "gcp": "europe-west4", "aws": "eu-central-1"}
IMAGE: Final[Mapping[str, str]] = {
    "textgen-lora": "textgen_lora",
    "policy-adapter": "textgen_lora",
    "embedder": "embedder",
    "retrieval-eval": "retrieval_eval",
    "runtime-distilled": "runtime_distilled",
    "inference-benchmark": "inference_benchmark",
}
MACHINE: Final = "core"
"""One core of the machine that makes them, at the price table's estimate."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """Units that arrive together.

    Args:
        folder: The stage's folder below training/examples.
        at: When the jobs ended in the demo's story (RFC 3339); no document contains the clock of the real run.
    """

    folder: str
    at: str


FIRST: Final = Stage(folder="", at="2026-11-15T05:00:00Z")
LATER: Final = Stage(folder="later", at="2026-11-18T05:00:00Z")
CLOSE: Final = Stage(folder="later/close", at="2026-11-20T05:00:00Z")
RETURNING: Final = Stage(folder="later/returning", at="2026-11-25T05:00:00Z")


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """One job: its unit, its settings, and the units that it gets as channels.

    Args:
        kind: The unit's kind.
        number: The n of the unit's name.
        stage: The stage in which the unit arrives.
        settings: The image's settings.
        channels: By channel, the unit whose folder is mounted: `embedder-v1`.
    """

    kind: str
    number: int
    stage: Stage
    settings: Mapping[str, str] = field(default_factory=dict)
    channels: Mapping[str, str] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """`<kind>-v<n>`."""
        return f"{self.kind}-v{self.number}"

    @property
    def platform(self) -> str:
        """The platform that ships the unit."""
        return PLATFORM[self.kind]


def _against(name: str) -> Mapping[str, str]:
    return {"baseline": name}


_GENTLE: Final[Mapping[str, str]] = {"rate": "4e-3", "temperature": "0.1", "utterances": "0.1"}

ORDERS: Final[Sequence[Order]] = (
    Order(kind="textgen-lora", number=1, stage=FIRST, settings={"steps": "60"}),
    Order(kind="policy-adapter", number=1, stage=FIRST, settings={"steps": "60", "harmful": "0.5"}),
    Order(kind="embedder", number=1, stage=FIRST, settings={**_GENTLE, "steps": "8"}),
    Order(kind="retrieval-eval", number=1, stage=FIRST, channels={"embedder": "embedder-v1"}),
    Order(
        kind="runtime-distilled",
        number=1,
        stage=FIRST,
        settings={"steps": "200"},
        channels={"teacher": "textgen-lora-v1"},
    ),
    Order(kind="inference-benchmark", number=1, stage=FIRST, channels={"runtime": "runtime-distilled-v1"}),
    Order(
        kind="textgen-lora",
        number=2,
        stage=LATER,
        settings={"steps": "70", "requests": "100"},
        channels=_against("textgen-lora-v1"),
    ),
    Order(
        kind="policy-adapter",
        number=2,
        stage=LATER,
        settings={"steps": "20", "harmful": "0.5", "mislabelled": "0.4"},
        channels=_against("policy-adapter-v1"),
    ),
    Order(
        kind="embedder",
        number=2,
        stage=LATER,
        settings={**_GENTLE, "steps": "40"},
        channels=_against("embedder-v1"),
    ),
    Order(
        kind="retrieval-eval",
        number=2,
        stage=LATER,
        channels={"embedder": "embedder-v2", **_against("retrieval-eval-v1"), "baseline_embedder": "embedder-v1"},
    ),
    Order(
        kind="runtime-distilled",
        number=2,
        stage=LATER,
        channels={"teacher": "textgen-lora-v2", **_against("runtime-distilled-v1")},
    ),
    Order(
        kind="inference-benchmark",
        number=2,
        stage=LATER,
        settings={"requests": "30"},
        channels={
            "runtime": "runtime-distilled-v2",
            **_against("inference-benchmark-v1"),
            "baseline_runtime": "runtime-distilled-v1",
        },
    ),
    Order(
        kind="embedder",
        number=3,
        stage=CLOSE,
        settings={**_GENTLE, "steps": "30", "seed": "2"},
        channels=_against("embedder-v2"),
    ),
)
COPIES: Final[Mapping[str, tuple[str, int, Stage]]] = {"textgen-lora-v2": ("textgen-lora", 3, RETURNING)}
"""Units that arrive again, byte for byte, under another number: quarantine must recognise them."""
