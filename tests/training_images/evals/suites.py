# SPDX-License-Identifier: Apache-2.0
"""A suite of a few items, for tests."""

from training_images.data.rows import Row
from training_images.evals.suite import NAME, PARTS, VERSION, Suite, part_of


def row(name: str, text: str, label: str = "HassTurnOn", cluster: str | None = None) -> Row:
    return Row(id=name, text=text, label=label, cluster=cluster or f"cluster-{name}", category="things")


def items(part: str, number: int) -> list[Row]:
    labels = ("HassTurnOn", "HassTurnOff", "refuse")
    return [row(f"{part}-{place:03}", f"{part} text {place}", labels[place % 3]) for place in range(number)]


def tiny(number: int = 9) -> Suite:
    documents = [row(f"doc-{place:03}", f"document {place}", f"doc-{place:03}") for place in range(3 * number)]
    questions = [row(f"query-{place:03}", f"what is {place}", f"doc-{place:03}") for place in range(number)]
    parts = {name: part_of(name, items(name, number)) for name in PARTS} | {
        "retrieval": part_of("retrieval", questions)
    }
    return Suite(name=NAME, version=VERSION, parts=parts, documents=documents)
