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
    options = parser.parse_args(arguments)
    commands = {"check": _check, "build": _build, "measure": _measure}
    try:
        return commands[options.order](options)
    except ConfigError as error:
        print(error, file=sys.stderr)
        return CONFIGURED_WRONG


def _check(options: argparse.Namespace) -> int:
    if not options.data.is_dir():
        raise ConfigError(f"there is no prepared data in {options.data}; make it with: python -m training_images.data")
    by_name = {name: [str(leak) for leak in leaks] for name, leaks in check_folder(options.data)}
    if options.json:
        print(json.dumps(by_name, indent=2))
    else:
        for name, leaks in by_name.items():
            print("\n    ".join([f"{name}: {len(leaks)} leaks", *leaks]), flush=True)
    if any(by_name.values()):
        return LEAKING
    load(options.data / "suite")
    return 0


def _build(options: argparse.Namespace) -> int:
    description = described(build(options.data))
    if options.keep:
        (_HERE / "suite.json").write_text(json.dumps(description, indent=2) + "\n", encoding="utf-8")
    print(json.dumps(description, indent=2))
    return 0 if committed() == description else LEAKING


def _measure(options: argparse.Namespace) -> int:
    measurement = judge.measured(folder(options.data, "refusals", "test"))
    if options.keep:
        (_HERE / "judge.json").write_text(json.dumps(measurement, indent=2) + "\n", encoding="utf-8")
    print(json.dumps(measurement, indent=2))
    return 0 if judge.committed() == measurement else LEAKING


if __name__ == "__main__":
    sys.exit(main())
