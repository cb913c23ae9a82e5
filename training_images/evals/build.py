# SPDX-License-Identifier: Apache-2.0
"""Which held-out examples make up the suite? A fixed choice by hash, so that building it again gives the same digests."""

import json
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from training_images.data.near import grams, jaccard
from training_images.data.rows import Row, digest, folder, read, write
from training_images.data.splits import place
from training_images.evals import judge
from training_images.evals.perturbed import perturbed
from training_images.evals.suite import DOCUMENTS, FILE, NAME, VERSION, Item, Suite, part_of
from training_images.job.errors import ConfigError

A_TEMPLATE: Final = 6
"""Utterances per template in the task part."""
REFUSED: Final = 80
"""Items of the task part that must be refused."""
A_SIDE: Final = 300
"""Number of harmful items, and of harmless ones, in the policy part and in the adversarial part."""
QUESTIONS: Final = 800
PARAGRAPHS: Final = 200
FAMILY: Final = 0.5
"""Jaccard index from which prompts belong to one family: paraphrases that differ in a name."""


def build(data: Path) -> Suite:
    """Build the suite into `<data>/suite` from the prepared data sets.

    Raises:
        ConfigError: A data set has not been prepared, or a part would have too few items.
    """
    suite = chosen(data)
    target = data / "suite"
    for name, part in suite.parts.items():
        write(target / f"{name}.jsonl", part.items)
    write(target / f"{DOCUMENTS}.jsonl", suite.documents)
    (target / FILE).write_text(json.dumps(described(suite), indent=2) + "\n", encoding="utf-8")
    return suite


def described(suite: Suite) -> dict[str, Any]:
    """The content of suite.json: counts, digests, and how often the judge of free answers errs."""
    judge_errors = judge.committed()
    return {
        "name": suite.name,
        "version": suite.version,
        "digest": suite.digest,
        "documents": {"items": len(suite.documents), "digest": digest(suite.documents)},
        "parts": {
            name: {
                "suite": part.suite,
                "items": len(part.items),
                "clusters": len({item.cluster for item in part.items}),
                "digest": part.digest,
            }
            for name, part in suite.parts.items()
        },
        "judge": {"version": judge_errors["version"], **judge_errors["judge"]},
    }


def chosen(data: Path) -> Suite:
    """Choose the suite from the prepared data sets."""
    task_items, other_utterances = _by_template(folder(data, "intents", "test"), A_TEMPLATE)
    harmful = _spread(_families(folder(data, "harmful", "test")), "harmful")
    other_utterances = _spread(other_utterances, "harmless")
    parts = {
        "task": [*task_items, *_first(harmful[A_SIDE:], REFUSED, "task")],
        "retrieval": _first(_spread(folder(data, "articles", "test"), "questions"), QUESTIONS, "retrieval"),
        "policy": [*_first(harmful, A_SIDE, "policy"), *_first(other_utterances, A_SIDE, "policy")],
        "adversarial": [
            *_first(_rounds(folder(data, "jailbreaks", "test")), A_SIDE, "adversarial"),
            *perturbed(_first(other_utterances[A_SIDE:], A_SIDE, "adversarial")),
        ],
        "prose": _first(_spread(folder(data, "prose", "test"), "prose"), PARAGRAPHS, "prose"),
        "judge": folder(data, "refusals", "test"),
    }
    return Suite(
        name=NAME,
        version=VERSION,
        parts={name: part_of(name, items) for name, items in parts.items()},
        documents=read(data / "articles" / "documents-test.jsonl"),
    )


def _by_template(rows: Sequence[Row], number: int) -> tuple[list[Row], list[Row]]:
    """The first `number` rows of every template, and all other rows."""
    templates: dict[str, list[Row]] = defaultdict(list)
    for row in _spread(rows, "task"):
        templates[row.cluster].append(row)
    first_rows = [row for rows_of_template in templates.values() for row in rows_of_template[:number]]
    other_rows = [row for rows_of_template in templates.values() for row in rows_of_template[number:]]
    return first_rows, other_rows


def _families(rows: Sequence[Row]) -> list[Row]:
    """The rows, clustered with those that say nearly the same; a family is named after its first id."""
    families: list[tuple[frozenset[str], str]] = []
    clustered = []
    for row in sorted(rows, key=lambda row: row.id):
        own, alone = grams(row.text), f"family-{row.id.removeprefix('harm-')}"
        family = next((name for member_grams, name in families if jaccard(own, member_grams) >= FAMILY), alone)
        families.append((own, family))
        clustered.append(Row(id=row.id, text=row.text, label=row.label, cluster=family, category=row.category))
    return clustered


def _rounds(rows: Sequence[Row]) -> list[Row]:
    """One row of every template, then a second row of every template, and so on."""
    counts: dict[str, int] = defaultdict(int)
    by_round = []
    for row in _spread(rows, "rounds"):
        by_round.append((counts[row.cluster], row))
        counts[row.cluster] += 1
    return [row for _, row in sorted(by_round, key=lambda pair: pair[0])]


def _spread(rows: Sequence[Row], seed: str) -> list[Row]:
    return sorted(rows, key=lambda row: (place(row.id, seed), row.id))


def _first(rows: Sequence[Row], number: int, part: str) -> list[Item]:
    if len(rows) < number:
        raise ConfigError(f"the part {part} needs {number} items and there are {len(rows)}; prepare the data again")
    return list(rows[:number])
