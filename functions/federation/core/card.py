# SPDX-License-Identifier: Apache-2.0
"""Writes a release's page in the registry."""

from collections.abc import Mapping
from typing import Any


def card(release: Mapping[str, Any]) -> str:
    """The model card of a release: front matter for registries, then tables for people."""
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
            "The newest release here may not serve yet, or may have been rolled back: the channel says what serves.",
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
    """The text, escaped so that it cannot end a cell or a row of the table."""
    return " ".join(text.split()).replace("|", "\\|")
