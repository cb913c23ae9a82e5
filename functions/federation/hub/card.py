# SPDX-License-Identifier: Apache-2.0
"""Adds to a release's card what only the Hub needs.

`model-index` contains each unit's verdict, in the form of
https://github.com/huggingface/hub-docs/blob/main/modelcard.md. Its dataset is the unit's report.
"""

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from federation.core.card import card

_FENCE = "---\n"


def page(release: Mapping[str, Any]) -> str:
    """The card of a release with `model-index` in its front matter."""
    _, front, text = card(release).split(_FENCE, 2)
    return "".join((_FENCE, front, "model-index:\n", *_index(release), _FENCE, text))


def _index(release: Mapping[str, Any]) -> Iterator[str]:
    """YAML lines. All values are JSON, a subset of YAML, so no name can change the structure."""
    yield f"- name: {_json(release['name'])}\n  results:\n"
    for kind, unit in sorted(release["units"].items()):
        yield f"  - task: {_json({'type': kind, 'name': unit['name']})}\n"
        yield f"    dataset: {_json({'type': 'federation-report', 'name': unit['report']})}\n"
        metric = {"type": "gates", "name": f"Gates under policy {_policy(release)}", "value": _verdict(unit)}
        yield f"    metrics: {_json([metric])}\n"


def _policy(release: Mapping[str, Any]) -> str:
    return f"{release['policy']['name']} version {release['policy']['version']}"


def _verdict(unit: Mapping[str, Any]) -> str:
    """The unit's verdict. A new unit is in a release only if it passed; a carried one passed when it was new."""
    return "pass" if unit["origin"] == "new" else "carried"


def _json(value: Any) -> str:
    return msgspec.json.encode(value).decode()
