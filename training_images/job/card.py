# SPDX-License-Identifier: Apache-2.0
"""What does a unit's page say? A model card in the Hub's format, with the manifest's numbers and the unit's charts.

Front matter: https://github.com/huggingface/hub-docs/blob/main/modelcard.md. Values are written as JSON, a subset of
YAML, so that no name can break out of its place.
"""

import math
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from importlib.resources import files
from string import Template
from typing import Any, Final

import msgspec

from training_images.job.result import Made, Record, Scored

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


def card(unit: Mapping[str, Any], made: Made, template: str | None = None) -> str:
    """The README.md of a unit.

    Args:
        unit: The unit, as the manifest states it.
        made: What the trainer handed over.
        template: The image's own text, with `$summary`, `$scores`, `$charts`, `$files` and `$origin`; else the common
            one.
    """
    words = Template(template or files(__package__ or "").joinpath(_CARD).read_text("utf-8"))
    return _front(unit, made) + words.safe_substitute(
        name=unit["name"],
        summary=made.summary,
        scores="\n".join(_scores(made)),
        charts="\n".join(f"![{name}](charts/{name}.svg)" for name in made.charts),
        files="\n".join(f"| `{file['path']}` | {file['bytes']:,} | `{file['sha256']}` |" for file in unit["files"]),
        origin="\n".join(_origin(unit)),
    )


def means(records: Sequence[Record]) -> dict[str, tuple[int, float]]:
    """The number of values and their mean, by metric."""
    found: dict[str, list[float]] = defaultdict(list)
    for record in records:
        for metric, value in record["scores"].items():
            found[metric].append(value)
    return {metric: (len(values), math.fsum(values) / len(values)) for metric, values in found.items()}


def _front(unit: Mapping[str, Any], made: Made) -> str:
    rows: dict[str, Any] = {
        "license": made.license,
        "library_name": made.library,
        "pipeline_tag": _TASKS.get(made.kind, "other"),
        **({"base_model": made.base_model} if made.base_model else {}),
        "datasets": [one.name for one in made.datasets if "/" in one.name],
        "tags": ["federated-unit", made.kind],
        "model-index": [{"name": unit["name"], "results": list(_results(made))}],
    }
    body = "".join(f"{key}: {_yaml(value)}\n" for key, value in rows.items() if value)
    return f"---\n{body}---\n"


def _yaml(value: Any) -> str:
    """JSON that escapes line breaks and what YAML calls unprintable (https://yaml.org/spec/1.2.2/#51-character-set)."""
    return _UNPRINTABLE.sub(lambda match: f"\\u{ord(match[0]):04x}", msgspec.json.encode(value).decode())


def _evaluations(made: Made) -> Iterator[tuple[str, Scored]]:
    if made.quality:
        yield "quality", made.quality
    yield from made.safety.items()


def _results(made: Made) -> Iterator[dict[str, Any]]:
    for part, scored in _evaluations(made):
        values = {**means(scored.records), **{name: found[:2] for name, found in scored.summaries.items()}}
        yield {
            "task": {"type": _TASKS.get(made.kind, "other"), "name": part},
            "dataset": {"type": scored.suite, "name": scored.suite, "revision": scored.digest},
            "metrics": [
                {"type": metric, "value": round(mean, 4), "name": f"{metric}, {count:,} items"}
                for metric, (count, mean) in values.items()
            ],
        }


def _scores(made: Made) -> Iterator[str]:
    for part, scored in _evaluations(made):
        for metric, (count, mean) in means(scored.records).items():
            yield f"| {part} | {scored.suite} | {metric} | {mean:.4f} | {count:,} |"
        for metric, (count, mean, deviation) in scored.summaries.items():
            yield f"| {part} | {scored.suite} | {metric} | {mean:.4f} (sd {deviation:.4f}) | {count:,} |"


def _origin(unit: Mapping[str, Any]) -> Iterator[str]:
    told = unit["provenance"]
    yield f"Made by `{told['job']}` from source `{told['source']}`" + (
        f" in image `{told['image']}`." if "image" in told else "."
    )
    yield f"It took {told['seconds']} s and cost {unit['cost']['training']} {unit['cost']['currency']}."
    yield ""
    for one in unit["residency"]["datasets"]:
        yield f"- Learned from {one['name']} (`{one['digest']}`), which stayed on {one['platform']} in {one['region']}."


def own_words(trainer: str) -> str | None:
    """The template beside a trainer's module, which is its image's own, if there is one."""
    package = trainer.rpartition(".")[0]
    place = files(package).joinpath(_CARD) if package else None
    return place.read_text("utf-8") if place and place.is_file() else None
