# SPDX-License-Identifier: Apache-2.0
"""Fuse three platforms' manifests into one release manifest, by hand.

python training/federated_orchestrator.py --hf-manifest ... --gcp-manifest ... --aws-manifest ... --output ...

Exit codes: 0 fused; 10 refused, with every reason; 2 a broken document, with every fault and its path; 3 a missing file.
"""

import argparse
import gc
import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "functions"))
gc.set_threshold(150_000)  # what a run makes is needed until it ends
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # nothing multiplies matrices, and NumPy's idle threads cost

try:
    from federation import offline
    from federation.cli.screen.visible import visible, visible_lines
    from federation.errors import REFUSED, FederationError
except ModuleNotFoundError as missing:
    sys.exit(
        f"{missing.name} is not installed for {sys.executable}. Run `make check` in {HERE.parent} once, then use "
        ".venv/bin/python, or: pip install -e ."
    )

PLATFORMS = ("hf", "gcp", "aws")


def main(arguments: Sequence[str] | None = None) -> int:
    """Parse, fuse, write and report; return the exit code."""
    options = _parser().parse_args(arguments)
    manifests = {platform: getattr(options, f"{platform}_manifest") for platform in PLATFORMS}
    try:
        fused = offline.fuse(manifests, options.policy, options.output, options.baseline)
        if fused.release is not None:
            offline.write(fused.release, options.output)
    except FederationError as error:
        print(visible_lines("\n".join(filter(None, (f"federation: {error}", error.hint)))), file=sys.stderr)
        return error.exit_code
    _tell(fused, options)
    return 0 if fused.release is not None else REFUSED


def _tell(fused: offline.Fused, options: argparse.Namespace) -> None:
    if options.json:
        print(json.dumps(offline.answer(fused, options.output, explain=options.explain), indent=2))
        return
    for refusal in fused.refusals:
        print(visible(f"refused: {refusal.subject}: {refusal.why}"), file=sys.stderr)
    for line in offline.lines(fused, options.output, explain=options.explain):
        print(visible(line))
    for warning in fused.unknown_fields:
        print(visible(f"warning: {options.policy}: {warning}"), file=sys.stderr)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for platform in PLATFORMS:
        parser.add_argument(f"--{platform}-manifest", type=Path, required=True, help=f"what {platform} ships")
    parser.add_argument("--output", type=Path, required=True, help="where the release manifest goes")
    parser.add_argument("--policy", type=Path, default=HERE / "examples" / "policy.json", help="default: %(default)s")
    parser.add_argument("--baseline", type=Path, help="an earlier release, with which the units are compared")
    parser.add_argument("--explain", action="store_true", help="print every gate's finding")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    return parser


if __name__ == "__main__":
    sys.exit(main())
