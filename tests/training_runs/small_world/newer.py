# SPDX-License-Identifier: Apache-2.0
"""A suite after the one that a unit was measured on: an item less, so that every other answer has to be the same."""

import json
from pathlib import Path
from shutil import copytree
from typing import Any

from training_images.data.rows import read, write


def newer(suite: Path, folder: Path, part: str = "task") -> Path:
    """The suite without the first item of a part."""
    copytree(suite, folder)
    items = sorted(read(suite / f"{part}.jsonl"), key=lambda item: item.id)
    write(folder / f"{part}.jsonl", items[1:])
    return folder


def told_of(unit: Path, kind: str) -> tuple[list[str], list[Any]]:
    """Of which artifacts a unit tells the answers to its suite, and those of its baseline."""
    manifest = json.loads((unit / "_MANIFEST.json").read_bytes())
    stated = manifest["units"][0]["evidence"]["quality"].get("against", [])
    return [one["artifact"] for one in stated], lines(unit, kind, "quality_of_baseline")


def lines(unit: Path, kind: str, name: str) -> list[Any]:
    """A unit's records."""
    path = unit / kind / "records" / f"{name}.jsonl"
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]
