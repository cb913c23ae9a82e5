# SPDX-License-Identifier: Apache-2.0
"""How do units become what three platforms ship? A folder per stage, a manifest per platform, the files beside it."""

import json
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from training.units.plan import COPIES, ORDERS, Order, Stage
from training.units.running import Workshop

from federation.core.uri import SENTINEL
from training_images.job.shipping import document_bytes

KEPT: Final = "policy.json"
"""Files written by hand; everything else below training/examples is generated."""


def assemble(workshop: Workshop, examples: Path) -> None:
    """Write training/examples again from finished units."""
    copies = [
        (Order(kind=kind, number=number, stage=stage), workshop.unit(name))
        for name, (kind, number, stage) in COPIES.items()
    ]
    shipped = [*((order, workshop.unit(order.name)) for order in ORDERS), *copies]
    _clear(examples)
    stages = {order.stage.folder: order.stage for order, _ in shipped}
    for stage in stages.values():
        platforms = sorted({order.platform for order, _ in shipped if order.stage == stage})
        for platform in platforms:
            units = [(order, unit) for order, unit in shipped if (order.stage, order.platform) == (stage, platform)]
            _ship(examples / stage.folder, platform, stage, units)


def _ship(folder: Path, platform: str, stage: Stage, units: Sequence[tuple[Order, Path]]) -> None:
    for order, unit in units:
        shutil.copytree(unit / order.kind, folder / order.kind)
        card = folder / order.kind / "README.md"
        card.write_text(card.read_text("utf-8").replace(_stated(unit)["name"], _name(order)), "utf-8")
    manifest = {
        "schema": "manifest.v1",
        "platform": platform,
        "produced_at": stage.at,
        "units": [_unit(order, unit) for order, unit in units],
    }
    (folder / f"{platform}_manifest.json").write_bytes(document_bytes(manifest))


def _unit(order: Order, unit: Path) -> Mapping[str, Any]:
    return {**_stated(unit), "name": _name(order)}


def _stated(unit: Path) -> Mapping[str, Any]:
    """What the finished unit's own manifest states; a copy ships it under another name."""
    (unit_stated,) = json.loads((unit / SENTINEL).read_bytes())["units"]
    return dict(unit_stated)


def _name(order: Order) -> str:
    return f"spiralverse/{order.name}"


def _clear(examples: Path) -> None:
    for path in examples.iterdir():
        if path.is_dir():
            shutil.rmtree(path)
        elif path.name != KEPT:
            path.unlink()
