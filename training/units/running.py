# SPDX-License-Identifier: Apache-2.0
"""How is an order carried out on this machine? The image's entry point runs in a process with an empty environment."""

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from training.units.plan import IMAGE, MACHINE, REGION, Order

from federation.core.uri import SENTINEL

ROOT: Final = Path(__file__).resolve().parents[2]
_QUIET: Final[Mapping[str, str]] = {
    "OMP_NUM_THREADS": "1",
    "OMP_WAIT_POLICY": "passive",
    "GOMP_SPINCOUNT": "0",
    "HF_HUB_OFFLINE": "1",
    "TOKENIZERS_PARALLELISM": "false",
    "PYTHONWARNINGS": "ignore",
}


class FailedError(Exception):
    """A job ended without a unit; the message is the sentence that it wrote."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Workshop:
    """Where everything is: models and prepared data below `build`, finished units below `build/units`."""

    build: Path
    commit: str

    def unit(self, name: str) -> Path:
        """The folder of a unit."""
        return self.build / "units" / name / "unit"

    def has(self, name: str) -> bool:
        """Whether a unit exists."""
        return (self.unit(name) / SENTINEL).exists()

    def channels(self, order: Order) -> dict[str, Path]:
        """The inputs of a job by channel."""
        base = "minilm" if order.platform == "gcp" else "smollm2"
        common = {
            "base": self.build / "models" / base,
            "data": self.build / "data",
            "suite": self.build / "data" / "suite",
        }
        return {**common, **{channel: self.unit(name) for channel, name in order.channels.items()}}


def carry_out(orders: Sequence[Order], workshop: Workshop, at_once: int) -> None:
    """Make every unit that does not exist yet, dependencies first.

    Raises:
        FailedError: A job failed, or needs a unit that is not ordered; finished units stay.
    """
    waiting = [order for order in orders if not workshop.has(order.name)]
    needed = {name for order in waiting for name in order.channels.values()}
    ready = {name for name in needed if workshop.has(name)}
    if lacking := needed - ready - {order.name for order in waiting}:
        raise FailedError(f"{', '.join(sorted(lacking))} must be made first; name these kinds too, or leave out --only")
    running: dict[Future[None], Order] = {}
    count = 0
    with ThreadPoolExecutor(at_once) as pool:
        while waiting or running:
            for order in [candidate for candidate in waiting if set(candidate.channels.values()) <= ready][
                : at_once - len(running)
            ]:
                waiting.remove(order)
                running[pool.submit(_make, order, workshop)] = order
            finished, _ = wait(running, return_when=FIRST_COMPLETED)
            for future in finished:
                order = running.pop(future)
                future.result()
                ready.add(order.name)
                count += 1
                print(f"  {count:2} made, {len(waiting) + len(running)} to go", flush=True)


def remove(orders: Sequence[Order], workshop: Workshop) -> None:
    """Delete the finished units of these orders; others stay."""
    for order in orders:
        shutil.rmtree(workshop.unit(order.name).parent, ignore_errors=True)


def _make(order: Order, workshop: Workshop) -> None:
    folder = workshop.unit(order.name).parent
    folder.mkdir(parents=True, exist_ok=True)
    start = time.monotonic()
    with (folder / "log.txt").open("wb") as log:
        process = subprocess.run(  # noqa: S603 - an entry point of this repository
            _command(order, workshop),
            cwd=folder,
            env=_environment(order, workshop),
            stdout=log,
            stderr=log,
            check=False,
        )
    if process.returncode:
        failure = folder / "failure.txt"
        why = failure.read_text("utf-8") if failure.exists() else (folder / "log.txt").read_text("utf-8")[-600:]
        raise FailedError(f"{order.name} was not made (exit code {process.returncode}): {why.strip()}")
    provenance = json.loads((workshop.unit(order.name) / SENTINEL).read_bytes())["units"][0]["provenance"]
    print(
        f"{order.name:24} {time.monotonic() - start:5.0f} s  {provenance['peak_memory_mb']:5,} MB at most", flush=True
    )


def _command(order: Order, workshop: Workshop) -> list[str]:
    places = {f"channel.{name}": str(path) for name, path in workshop.channels(order).items()}
    settings = {**order.settings, **places, "unit": f"spiralverse/{order.name}", "output": "unit"}
    words = [word for name, value in settings.items() for word in (f"--{name}", value)]
    return [sys.executable, "-m", f"training_images.{IMAGE[order.kind]}", *words]


def _environment(order: Order, workshop: Workshop) -> dict[str, str]:
    job = {"kind": order.kind, "platform": order.platform, "machine": MACHINE, "region": REGION[order.platform]}
    return {
        **_QUIET,
        "PATH": os.environ.get("PATH", ""),
        "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'functions'}",
        "FEDERATION_JOB": json.dumps(job),
        "FEDERATION_JOB_NAME": order.name,
        "FEDERATION_SOURCE": workshop.commit,
        "SOURCE_DATE_EPOCH": str(_epoch(order.stage.at)),
    }


def _epoch(at: str) -> int:
    return int(datetime.fromisoformat(at).timestamp())
