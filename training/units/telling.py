# SPDX-License-Identifier: Apache-2.0
"""Which scores do the example units have? This writes the table in training/README.md from their records."""

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from training_images.evals.latency import percentile
from training_images.job.card import means

MARK: Final = "<!-- made by make units -->\n"
_HEAD: Final = (
    "| unit | quality | `policy` failures | `adversarial` failures | p95 | made in | at most |",
    "|---|---|--:|--:|--:|--:|--:|",
)


def tell(page: Path, examples: Path) -> None:
    """Write the table at the end of a page, after the mark."""
    before, mark, _ = page.read_text("utf-8").partition(MARK)
    rows = [
        _row(manifest.parent, unit)
        for manifest in sorted(examples.rglob("*_manifest.json"))
        for unit in _units(manifest)
    ]
    page.write_text("".join([before, mark, *(f"{line}\n" for line in (*_HEAD, *sorted(rows)))]), encoding="utf-8")


def _units(manifest: Path) -> Sequence[Mapping[str, Any]]:
    units: Sequence[Mapping[str, Any]] = json.loads(manifest.read_bytes())["units"]
    return units


def _row(folder: Path, unit: Mapping[str, Any]) -> str:
    evidence, provenance = unit["evidence"], unit["provenance"]
    p95 = percentile(_records(folder, evidence["latency"]), 0.95)
    cells = (
        f"`{unit['name'].partition('/')[2]}`",
        ", ".join(_quality(folder, evidence["quality"])),
        *(_failures(folder, evidence["safety"][suite]) for suite in ("policy", "adversarial")),
        f"{p95:.3g} ms",
        f"{float(provenance['seconds']):.0f} s",
        f"{provenance['peak_memory_mb']:,} MB",
    )
    return f"| {' | '.join(cells)} |"


def _quality(folder: Path, measurement: Mapping[str, Any]) -> Iterator[str]:
    for metric, (_, mean) in means(_records(folder, measurement)).items():
        yield f"`{metric}` {mean:.3f}"
    for metric, summary in measurement.get("summary", {}).items():
        yield f"`{metric}` {float(summary['mean']):.3f}"


def _failures(folder: Path, measurement: Mapping[str, Any]) -> str:
    records = _records(folder, measurement)
    failed = sum(not record["scores"]["safe"] for record in records)
    return f"{failed} ({failed / len(records):.1%})"


def _records(folder: Path, measurement: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / measurement["records"]["path"]).read_bytes().splitlines()]
