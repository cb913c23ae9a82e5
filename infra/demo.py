# SPDX-License-Identifier: Apache-2.0
"""Play the demo's story in an imitated cloud: `python infra/demo.py aws` or `gcp`.

The clients are the real ones, and the packaged functions run under awslambdaric and functions-framework. At the end the
digests of the releases are compared with those of the same story in a local home; exit code 1 if one differs.
"""

import argparse
import json
import shutil
import sys
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Protocol

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "functions")]

from infra.emulators.demo_stage import staged_on_aws, staged_on_gcp  # noqa: E402
from infra.package import PACKAGES, unpacked  # noqa: E402

from federation.cli.commands.demo import print_demo_line  # noqa: E402 - after the path
from federation.core import names  # noqa: E402
from federation.core.digest import digest_of  # noqa: E402
from federation.demo.examples import examples as examples_folder  # noqa: E402
from federation.demo.show import staged  # noqa: E402
from federation.demo.story import story  # noqa: E402

STAGES = {"aws": staged_on_aws, "gcp": staged_on_gcp}


class Released(Protocol):
    """A stage that can return a stored release."""

    def release(self, name: str) -> bytes | None:
        """The release as it is stored."""
        ...


def main(arguments: Sequence[str] | None = None) -> int:
    """Play the story and compare; return 1 if a digest differs."""
    options = _parser().parse_args(arguments)
    examples = examples_folder(options.examples)
    folder = Path(tempfile.mkdtemp(prefix="federation-demo-"))
    try:
        return _play(options.home, folder, examples, as_json=options.json)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _play(home: str, folder: Path, examples: Path, *, as_json: bool) -> int:
    with STAGES[home](packages(folder), folder, examples) as stage:
        documents: list[str] = []
        for line in story(stage):
            print_demo_line(line, as_json=as_json)
            documents += line.documents
        in_cloud = _digests(stage, documents)
        serves = stage.serves()["serving"]["name"]
    at_home = _at_home(folder / "home", examples)
    _print_result(in_cloud, at_home, serves, as_json=as_json)
    return 0 if in_cloud == at_home else 1


def _at_home(folder: Path, examples: Path) -> Mapping[str, str]:
    """The releases of the same story in a local home."""
    with staged(folder, examples) as stage:
        return _digests(stage, [name for line in story(stage) for name in line.documents])


def _digests(stage: Released, documents: Iterable[str]) -> Mapping[str, str]:
    """The digest of each release among the documents, by the release's name."""
    releases = [name.removeprefix(names.RELEASES) for name in documents if name.startswith(names.RELEASES)]
    return {name: digest_of(stage.release(name) or b"") for name in releases}


def packages(folder: Path) -> Mapping[str, Path]:
    """The unpacked package of each cloud, with the adapters of both, since the story's units come from both."""
    return {
        cloud: unpacked(replace(package, adapters=package.adapters | {"aws", "gcp"}), folder)
        for cloud, package in PACKAGES.items()
    }


def _print_result(in_cloud: Mapping[str, str], at_home: Mapping[str, str], serves: str, *, as_json: bool) -> None:
    if as_json:
        print(json.dumps({"serves": serves, "releases": in_cloud, "same": in_cloud == at_home}), flush=True)
        return
    print("\nWhat was released, and whether the same story on one machine gives the same bytes")
    for name in sorted({*in_cloud, *at_home}):
        same = "the same" if in_cloud.get(name) == at_home.get(name) else f"{at_home.get(name)} on one machine"
        print(f"  {name}  {in_cloud.get(name)}  {same}")
    print(f"\n{serves} serves.")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("home", choices=sorted(STAGES))
    parser.add_argument("--examples", type=Path, help="the units to ship; default: training/examples")
    parser.add_argument("--json", action="store_true", help="print one JSON object a line")
    return parser


if __name__ == "__main__":
    sys.exit(main())
