# SPDX-License-Identifier: Apache-2.0
"""A unit's model card in the Hub's format, with the manifest's numbers and the unit's charts.

Front matter: https://github.com/huggingface/hub-docs/blob/main/modelcard.md. Values are written as JSON, a subset of
YAML, so no name can change the structure.
"""

import math
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from importlib.resources import files
from string import Template
from typing import Any, Final

import msgspec

from training_images.job.result import EvalResult, Record, UnitResult

_TASKS: Final[Mapping[str, str]] = {
    "textgen-lora": "text-generation",
    "policy-adapter": "text-classification",
    "embedder": "sentence-similarity",
    "retrieval-eval": "sentence-similarity",
    "runtime-distilled": "text-classification",
    "inference-benchmark": "text-classification",
}
_CARD: Final = "card.md"
_UNPRINTABLE: Final = re.compile(r"[\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]")


def card(unit: Mapping[str, Any], result: UnitResult, template: str | None = None) -> str:
    """The README.md of a unit.

    Args:
        unit: The unit's part of the manifest.
        result: The trainer's result.
        template: The image's text, with `$summary`, `$scores`, `$charts`, `$files` and `$origin`; None for the common
            one.
    """
    words = Template(template or files(__package__ or "").joinpath(_CARD).read_text("utf-8"))
    return _front_matter(unit, result) + words.safe_substitute(
        name=unit["name"],
        summary=result.summary,
        scores="\n".join(_scores(result)),
        charts="\n".join(f"![{name}](charts/{name}.svg)" for name in result.charts),
        files="\n".join(f"| `{file['path']}` | {file['bytes']:,} | `{file['sha256']}` |" for file in unit["files"]),
        origin="\n".join(_origin(unit)),
    )


def means(records: Sequence[Record]) -> dict[str, tuple[int, float]]:
    """The number of values and their mean, by metric."""
    values_by_metric: dict[str, list[float]] = defaultdict(list)
    for record in records:
        for metric, value in record["scores"].items():
            values_by_metric[metric].append(value)
    return {metric: (len(values), math.fsum(values) / len(values)) for metric, values in values_by_metric.items()}


def _front_matter(unit: Mapping[str, Any], result: UnitResult) -> str:
    rows: dict[str, Any] = {
        "license": result.license,
        "library_name": result.library,
        "pipeline_tag": _TASKS.get(result.kind, "other"),
        **({"base_model": result.base_model} if result.base_model else {}),
        "datasets": [dataset.name for dataset in result.datasets if "/" in dataset.name],
        "tags": ["federated-unit", result.kind],
        "model-index": [{"name": unit["name"], "results": list(_results(result))}],
    }
    body = "".join(f"{key}: {_yaml(value)}\n" for key, value in rows.items() if value)
    return f"---\n{body}---\n"


def _yaml(value: Any) -> str:
    """JSON with escapes for characters that YAML calls unprintable (https://yaml.org/spec/1.2.2/#51-character-set)."""
    return _UNPRINTABLE.sub(lambda match: f"\\u{ord(match[0]):04x}", msgspec.json.encode(value).decode())


def _evaluations(result: UnitResult) -> Iterator[tuple[str, EvalResult]]:
    if result.quality:
        yield "quality", result.quality
    yield from result.safety.items()


def _results(result: UnitResult) -> Iterator[dict[str, Any]]:
    for part, scored in _evaluations(result):
        values = {**means(scored.records), **{name: summary[:2] for name, summary in scored.summaries.items()}}
        yield {
            "task": {"type": _TASKS.get(result.kind, "other"), "name": part},
            "dataset": {"type": scored.suite, "name": scored.suite, "revision": scored.digest},
            "metrics": [
                {"type": metric, "value": round(mean, 4), "name": f"{metric}, {count:,} items"}
                for metric, (count, mean) in values.items()
            ],
        }


def _scores(result: UnitResult) -> Iterator[str]:
    for part, scored in _evaluations(result):
        for metric, (count, mean) in means(scored.records).items():
            yield f"| {part} | {scored.suite} | {metric} | {mean:.4f} | {count:,} |"
        for metric, (count, mean, deviation) in scored.summaries.items():
            yield f"| {part} | {scored.suite} | {metric} | {mean:.4f} (sd {deviation:.4f}) | {count:,} |"


def _origin(unit: Mapping[str, Any]) -> Iterator[str]:
    provenance = unit["provenance"]
    yield f"Made by `{provenance['job']}` from source `{provenance['source']}`" + (
        f" in image `{provenance['image']}`." if "image" in provenance else "."
    )
    yield f"It took {provenance['seconds']} s and cost {unit['cost']['training']} {unit['cost']['currency']}."
    yield ""
    for data in unit["residency"]["datasets"]:
        yield f"- Learned from {data['name']} (`{data['digest']}`), which stayed on {data['platform']} in {data['region']}."


def card_template(trainer: str) -> str | None:
    """The card template beside a trainer's module, or None if there is none."""
    package = trainer.rpartition(".")[0]
    place = files(package).joinpath(_CARD) if package else None
    return place.read_text("utf-8") if place and place.is_file() else None
