# SPDX-License-Identifier: Apache-2.0
"""Where are the demo's units and their policy?"""

from pathlib import Path

from federation.core import names
from federation.core.digest import canonical
from federation.core.policy import policy_of
from federation.core.strict_json import document
from federation.errors import MissingError


def examples(given: Path | None = None) -> Path:
    """The folder with `policy.json` and the platforms' manifests: `given`, else that of the source checkout.

    Raises:
        MissingError: It has no policy.
    """
    folder = given or Path(__file__).resolve().parents[3] / "training" / "examples"
    if not (folder / "policy.json").is_file():
        raise MissingError(
            f"the demo's units are not at {folder}; run it from a source checkout, or name the training/examples of "
            "one with --examples"
        )
    return folder


def policy_in(folder: Path) -> tuple[str, bytes]:
    """The examples' policy as a home stores it: the document's name and its body."""
    policy = document((folder / "policy.json").read_bytes(), what="policy.json")
    return names.policy(policy_of(policy).version), canonical(policy)
