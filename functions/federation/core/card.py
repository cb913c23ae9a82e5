# SPDX-License-Identifier: Apache-2.0
"""What does a release's page in the registry say?"""

from collections.abc import Mapping
from typing import Any


def card(release: Mapping[str, Any]) -> str:
    """The model card of a release: front matter that registries read, then tables that people read."""
    units = [
        f"| {kind} | `{unit['name']}` | {unit['platform']} | {unit['origin']} | `{unit['artifact']}` |"
        for kind, unit in sorted(release["units"].items())
    ]
    checks = [
        f"| {'yes' if item['yes'] else 'NO'} | {item['item']} | {_cell(item['why'])} |" for item in release["checklist"]
    ]
    replaced = (
        f"{release['baseline']['name']} when it is promoted" if release["baseline"] else "nothing: it is the first"
    )
    return "\n".join(
        (
            "---",
            "library_name: federation",
            "tags:",
            "- federated-release",
            f"- api:{release['api']}",
            "---",
            f"# {release['name']}",
            "",
            f"{release['change']['why']} It replaces {replaced}.",
            "",
            "The newest release here may still wait, or may have been rolled back: what serves is what the channel says.",
            "",
            "| kind | unit | platform | origin | artifact |",
            "|---|---|---|---|---|",
            *units,
            "",
            "| go | checklist | because |",
            "|---|---|---|",
            *checks,
            "",
        )
    )


def _cell(text: str) -> str:
    """Text inside one cell of a table: a policy's name may hold what would end the cell or the row."""
    return " ".join(text.split()).replace("|", "\\|")
