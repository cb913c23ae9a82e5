# SPDX-License-Identifier: Apache-2.0
"""What does the Hub need in a release's card, besides what `core.card` writes?

`model-index` says how each unit was judged, in the shape of
https://github.com/huggingface/hub-docs/blob/main/modelcard.md. The dataset in it is the report that the release names.
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
    """YAML whose values are all JSON, a subset of YAML, so that no name can break out of its place."""
    yield f"- name: {_text(release['name'])}\n  results:\n"
    for kind, unit in sorted(release["units"].items()):
        yield f"  - task: {_text({'type': kind, 'name': unit['name']})}\n"
        yield f"    dataset: {_text({'type': 'federation-report', 'name': unit['report']})}\n"
        metric = {"type": "gates", "name": f"Gates under policy {_policy(release)}", "value": _verdict(unit)}
        yield f"    metrics: {_text([metric])}\n"


def _policy(release: Mapping[str, Any]) -> str:
    return f"{release['policy']['name']} version {release['policy']['version']}"


def _verdict(unit: Mapping[str, Any]) -> str:
    """A new unit is in a release only because it passed; a carried one passed when it was new."""
    return "pass" if unit["origin"] == "new" else "carried"


def _text(value: Any) -> str:
    return msgspec.json.encode(value).decode()
