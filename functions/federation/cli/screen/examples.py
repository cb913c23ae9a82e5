# SPDX-License-Identifier: Apache-2.0
"""Examples of each command. The help ends with them, and the first one answers a mistyped command.

They leave out --folder: the environment names the home.
"""

from collections.abc import Mapping, Sequence
from typing import Final

EXAMPLES: Final[Mapping[str, Sequence[str]]] = {
    "demo": ("demo --folder .federation",),
    "init": (
        "init --policy policy.json --folder .federation",
        "init --policy policy-v2.json --who ada --why 'a longer context costs more'",
    ),
    "status": ("status", "status --json"),
    "releases": ("releases", "releases --all", "releases --metric accuracy"),
    "explain": ("explain roll_back", "explain v1.0.1", "explain embedder-v2", "explain last"),
    "policy": ("policy > policy.json", "policy 1 > policy.json"),
    "diff": ("diff", "diff v1.0.0 v1.0.1"),
    "served": ("served", "served --at 2026-10-14T09:30:00Z"),
    "orders": ("orders --who ada",),
    "lineage": ("lineage v1.0.1",),
    "replay": ("replay roll_back", "replay --all"),
    "intact": ("intact --json > seal.json", "intact --since seal.json"),
    "attest": ("attest v1.0.1 --key key.pem > statements.jsonl",),
    "receive": ("receive --dry-run --entry http:hf-webhook --trust trust.json body.json",),
    "tick": ("tick merge", "tick due"),
    "redrive": ("redrive --dry-run", "redrive"),
    "fuse": (
        "fuse --hf-manifest hf.json --gcp-manifest gcp.json --aws-manifest aws.json --policy policy.json --output out.json",
        "fuse --manifest azure.json --manifest cluster.json --policy policy.json --output out.json",
    ),
    "promote": (
        "promote --who ada --why 'the diff is reviewed'",
        "promote v1.0.1 --outside-window --who ada --why 'it cannot wait'",
    ),
    "approve": ("approve v1.0.1 --who ada --why 'the diff is reviewed'",),
    "rollback": (
        "rollback --who ada --why 'wrong answers since 14:00'",
        "rollback --to v1.0.0 --who ada --why 'v1.0.1 is bad as well'",
    ),
    "quarantine": ("quarantine embedder-v2 --who ada --why 'trained on the wrong split'",),
    "lift": ("lift embedder-v2 --who ada --why 'the network was to blame'",),
    "anchor": ("anchor v1.0.0 --who ada --why 'the last one before the new tokenizer'",),
    "hold": (
        "hold --who ada --why 'an incident is open'",
        "hold --until 2026-12-28T08:00:00Z --who ada --why 'nobody is in the office'",
    ),
    "resume": ("resume --who ada --why 'the incident is closed'",),
    "train": ("train embedder --who ada --why 'new articles have come'",),
    "validate": ("validate policy.json records.jsonl",),
    "records": (
        "records samples_gsm8k_*.jsonl --filter strict-match --output candidate.jsonl",
        "records bench.json --dollars-per-hour 4.10 --worst latency_ms=60000 --output latency.jsonl",
        "records answers.csv --item id --score accuracy=correct --cluster document --output candidate.jsonl",
    ),
    "gate": ("gate candidate/_MANIFEST.json --policy policy.json",),
    "plan": ("plan policy.json --items 2357", "plan --topology sites.json"),
    "compare": ("compare candidate.jsonl baseline.jsonl --metric accuracy --margin 0.02",),
    "flaky": ('flaky run1.jsonl run2.jsonl run3.jsonl --metric accuracy --suite "$SUITE"',),
    "verify": ("verify statements.jsonl --key public.pem model.onnx",),
    "schema": ("schema policy",),
    "simulate": ("simulate --histories 1000", "simulate --history 12"),
}
"""By the command's name: what follows `federation`."""


def first_of(command: str) -> str:
    """A sentence with the first example; "" if there is no such command."""
    return f"For example: federation {EXAMPLES[command][0]}" if command in EXAMPLES else ""


def all_of(command: str) -> str:
    """The end of a help text: every example, on a line of its own."""
    return "\n\n".join(("Examples:", *(f"  federation {line}" for line in EXAMPLES[command])))
