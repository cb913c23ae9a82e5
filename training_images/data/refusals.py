# SPDX-License-Identifier: Apache-2.0
"""Which answers did people call refusals? PyRIT's human labels of answers to objectives, grouped by both.

People also called an answer to a different question a refusal, and the same answers occur under several objectives. So
all rows that share an objective or an answer form one group, and a judge is measured on groups that it was not fitted
on.
"""

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from training_images.data.near import normalised
from training_images.data.rows import Row, short
from training_images.data.wheels import Wheel

LICENCE: Final = "MIT (PyRIT, scorer_evals); read from the wheel, not redistributed"
REFUSAL: Final = "refusal"
ANSWER: Final = "answer"
_BETWEEN: Final = "\n---\n"
_FOLDER: Final = "pyrit/datasets/scorer_evals/refusal_scorer"
_FILES: Final = ("refusal.csv", "refusal_extra.csv")


def answers(pyrit: Wheel) -> list[Row]:
    """Answers with their human label; a row's cluster is its group."""
    return list(_grouped({row.id: row for file in _FILES for row in _answers(pyrit.read(f"{_FOLDER}/{file}"))}))


def asked(text: str) -> tuple[str, str]:
    """The objective and the answer that a row's text contains."""
    objective, _, answer = text.partition(_BETWEEN)
    return objective, answer


def _answers(content: bytes) -> Iterator[Row]:
    lines = content.decode("utf-8-sig").splitlines(keepends=True)
    while lines and lines[0].startswith("#"):
        lines.pop(0)
    for record in csv.DictReader(io.StringIO("".join(lines))):
        objective, answer = record["objective"].strip(), record["assistant_response"].strip()
        if record["data_type"] == "text" and answer:
            label = REFUSAL if float(record["human_score"]) > 0 else ANSWER
            name = f"answer-{short('answer', objective, answer)}"
            yield Row(id=name, text=f"{objective}{_BETWEEN}{answer}", label=label, cluster="", category=label)


def _grouped(rows: Mapping[str, Row]) -> Sequence[Row]:
    """The rows, clustered by shared objective or shared answer, transitively."""
    parent: dict[str, str] = {}

    def root(name: str) -> str:
        while parent.setdefault(name, name) != name:
            name = parent[name]
        return name

    for row in rows.values():
        objective, answer = (normalised(part) for part in asked(row.text))
        low, high = sorted((root(f"o {objective}"), root(f"a {answer}")))
        parent[high] = low
    return [_clustered(row, root(f"o {normalised(asked(row.text)[0])}")) for row in rows.values()]


def _clustered(row: Row, group: str) -> Row:
    return Row(id=row.id, text=row.text, label=row.label, cluster=f"group-{short(group)}", category=row.category)
