# SPDX-License-Identifier: Apache-2.0
"""Maintain the eval suite: `check` that nothing leaks, `build` it again, `measure` the judge against human labels."""

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from training_images.data.rows import PREPARED, folder
from training_images.evals import judge
from training_images.evals.build import build, described
from training_images.evals.leaks import check_folder
from training_images.evals.suite import committed, load
from training_images.job.errors import CONFIGURED_WRONG, ConfigError

LEAKING = 1
_HERE = Path(__file__).parent


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; return the exit code: 1 if something leaks or the suite differs, 42 if no data are prepared."""
    parser = argparse.ArgumentParser(prog="python -m training_images.evals", description=__doc__)
    parser.add_argument("order", choices=["check", "build", "measure"])
    parser.add_argument("--data", type=Path, default=PREPARED, help="the prepared data (default: build/data)")
    parser.add_argument("--keep", action="store_true", help="write suite.json or judge.json, to be committed")
    parser.add_argument("--json", action="store_true", help="print JSON")
    chosen = parser.parse_args(arguments)
    orders = {"check": _check, "build": _build, "measure": _measure}
    try:
        return orders[chosen.order](chosen)
    except ConfigError as error:
        print(error, file=sys.stderr)
        return CONFIGURED_WRONG


def _check(chosen: argparse.Namespace) -> int:
    if not chosen.data.is_dir():
        raise ConfigError(
            f"there are no prepared data at {chosen.data}; make them with: python -m training_images.data"
        )
    found = {name: [str(leak) for leak in leaks] for name, leaks in check_folder(chosen.data)}
    if chosen.json:
        print(json.dumps(found, indent=2))
    else:
        for name, leaks in found.items():
            print("\n    ".join([f"{name}: {len(leaks)} leaks", *leaks]), flush=True)
    if any(found.values()):
        return LEAKING
    load(chosen.data / "suite")
    return 0


def _build(chosen: argparse.Namespace) -> int:
    found = described(build(chosen.data))
    if chosen.keep:
        (_HERE / "suite.json").write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")
    print(json.dumps(found, indent=2))
    return 0 if committed() == found else LEAKING


def _measure(chosen: argparse.Namespace) -> int:
    found = judge.measured(folder(chosen.data, "refusals", "test"))
    if chosen.keep:
        (_HERE / "judge.json").write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")
    print(json.dumps(found, indent=2))
    return 0 if judge.committed() == found else LEAKING


if __name__ == "__main__":
    sys.exit(main())
