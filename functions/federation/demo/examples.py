# SPDX-License-Identifier: Apache-2.0
"""Where are the units that the demo ships?"""

from pathlib import Path

from federation.errors import MissingError


def examples(given: Path | None = None) -> Path:
    """The folder with `policy.json` and the platforms' manifests: the one given, else that of the source checkout.

    Raises:
        MissingError: There is none.
    """
    folder = given or Path(__file__).resolve().parents[3] / "training" / "examples"
    if not (folder / "policy.json").is_file():
        raise MissingError(
            f"the demo's units are not at {folder}; run it from a source checkout, or name the training/examples of "
            "one with --examples"
        )
    return folder
