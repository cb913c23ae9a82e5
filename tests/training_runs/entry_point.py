# SPDX-License-Identifier: Apache-2.0
"""An image's real entry point as a platform starts it: a process that knows nothing but what its platform tells it."""

import subprocess
import sys
from pathlib import Path

from tests.training_images.layouts import Layout

ROOT = Path(__file__).resolve().parents[2]


def environment(root: Path, layout: Layout) -> dict[str, str]:
    """What the platform sets, where its files begin on this machine, and where this repository lies; nothing else."""
    return {**layout.environment, "CONTRACT_ROOT": str(root), "PYTHONPATH": f"{ROOT}:{ROOT / 'functions'}"}


def command(image: str, layout: Layout) -> list[str]:
    return [sys.executable, "-m", f"training_images.{image}", *layout.arguments]


def ended(image: str, root: Path, layout: Layout) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        command(image, layout),
        env=environment(root, layout),
        capture_output=True,
        text=True,
        timeout=500,
        check=False,
    )
