# SPDX-License-Identifier: Apache-2.0
"""What does the Hub read from a model card, and which cards does it refuse?

The front matter is YAML between two lines of three dashes; `model-index` has the shape of
https://github.com/huggingface/hub-docs/blob/main/modelcard.md.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import yaml  # type: ignore[import-untyped]


def data_of(card: str) -> Mapping[str, Any] | None:
    """The front matter of a valid card, or None when it has none."""
    if not card.startswith("---\n"):
        return None
    return dict(yaml.safe_load(card.split("---\n", 2)[1]) or {})


def faults(card: str) -> Sequence[str]:
    """Every reason to refuse the card."""
    try:
        data = data_of(card)
    except (yaml.YAMLError, ValueError, TypeError, IndexError) as error:
        return [f"Invalid YAML front matter: {str(error).splitlines()[0]}"]
    index = (data or {}).get("model-index")
    return list(_of_index(index)) if index is not None else []


def _of_index(index: Any) -> Iterator[str]:
    if not isinstance(index, list) or not index:
        yield '"model-index" must be a non-empty array'
        return
    for model in index:
        if not isinstance(model, Mapping) or not model.get("name"):
            yield '"model-index[].name" is required'
        results = model.get("results") if isinstance(model, Mapping) else None
        if not isinstance(results, list):
            yield '"model-index[].results" must be an array'
            continue
        for result in results:
            yield from _of_result(result)


def _of_result(result: Any) -> Iterator[str]:
    result = result if isinstance(result, Mapping) else {}
    if not (result.get("task") or {}).get("type"):
        yield '"model-index[].results[].task.type" is required'
    dataset = result.get("dataset") or {}
    if not (dataset.get("type") and dataset.get("name")):
        yield '"model-index[].results[].dataset" needs type and name'
    metrics = result.get("metrics")
    if not isinstance(metrics, list) or not metrics:
        yield '"model-index[].results[].metrics" must be a non-empty array'
        return
    if not all(isinstance(metric, Mapping) and metric.get("type") and "value" in metric for metric in metrics):
        yield '"model-index[].results[].metrics[]" needs type and value'
