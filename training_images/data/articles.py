# SPDX-License-Identifier: Apache-2.0
"""What can be looked up? Documentation of scientific packages: a docstring's summary is the query, its rest the answer.

Docstrings are read from the wheels' source with `ast`; nothing is imported. An object's own name is masked in both
parts, so that a match cannot rest on the name. All docstrings of a module are on the same side of the split.
"""

import ast
import inspect
import re
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from training_images.data.near import LEAST_LONG, normalised, without
from training_images.data.rows import Row, Split, short
from training_images.data.splits import Shares, split
from training_images.data.wheels import Wheel

LICENCE: Final = "BSD-3-Clause (networkx, scikit-learn, statsmodels)"
PACKAGES: Final = ("networkx", "scikit-learn", "statsmodels")
SHARES: Final = Shares(val=0.06, test=0.3)
_FILES: Final = (
    r"(networkx|sklearn|statsmodels)/(?!.*(/tests?/|/conftest|/_array_api|/externals/|/parsing/))[\w/]+\.py$"
)
_WORDS: Final = 200
_FEWEST: Final = 25
"""Fewest words in the rest of a docstring: a stub answers nothing."""
_QUERY: Final = (4, 40)
"""Bounds on the number of words in a summary that is used as a query."""
_MASK: Final = "it"
_MARKUP: Final = re.compile(r":\w+:`~?([^`<]+?)(?:\s*<[^>]*>)?`|`+|\*\*|\.\. \w+::.*|>>> .*|={3,}|-{3,}|~{3,}|_{3,}")
_SENTENCE: Final = re.compile(r"(?<=[.!?])\s+(?=[A-Z])")
_LEFT_OUT: Final = re.compile(
    r"\n(References|Examples|See Also)\n[-=]+\n.*?(?=\n[A-Z][\w ]+\n[-=]{3,}\n|\Z)", re.DOTALL
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """One side of the split: queries, each labelled with the document that answers it, and the documents."""

    queries: Sequence[Row]
    documents: Sequence[Row]


def split_documents(wheels: Sequence[Wheel]) -> dict[Split, Side]:
    """Queries and documents by side. A module's pairs all go to one side, and no text is on two sides."""
    by_side: dict[Split, list[tuple[Row, Row]]] = {"train": [], "val": [], "test": []}
    for query, document in _distinct(pair for wheel in wheels for pair in _pairs(wheel)):
        by_side[split(document.cluster, SHARES)].append((query, document))
    test = by_side["test"]
    val = _apart(by_side["val"], test)
    train = _apart(by_side["train"], [*test, *val])
    return {"train": _side(train), "val": _side(val), "test": _side(test)}


def pair(name: str, docstring: str) -> tuple[str, str] | None:
    """A docstring's summary and its rest, with the object's name masked; None if either says too little."""
    text = inspect.cleandoc(docstring)
    summary, _, body = text.partition("\n\n")
    first, *more_sentences = _SENTENCE.split(_plain(summary), maxsplit=1)
    query = _masked(first, name)
    answer = _masked(" ".join([*more_sentences, _plain(_LEFT_OUT.sub("\n", "\n" + body))]), name).split()
    fewest, most = _QUERY
    if not (fewest <= len(query.split()) <= most and len(answer) >= _FEWEST):
        return None
    return query, " ".join(answer[:_WORDS])


def _pairs(wheel: Wheel) -> Iterator[tuple[Row, Row]]:
    for member, content in wheel.members(_FILES):
        module = member.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
        for name, docstring in _docstrings(content):
            texts = pair(name, docstring)
            if texts:
                yield _rows(module, texts)


def _rows(module: str, texts: tuple[str, str]) -> tuple[Row, Row]:
    query, answer = texts
    package = module.split(".", maxsplit=1)[0]
    document_id = f"doc-{short('document', answer)}"
    query_id = f"query-{short('query', query, answer)}"
    return (
        Row(id=query_id, text=query, label=document_id, cluster=module, category=package),
        Row(id=document_id, text=answer, label=document_id, cluster=module, category=package),
    )


def _docstrings(content: bytes) -> Iterator[tuple[str, str]]:
    """Names and docstrings of a file's public functions and classes, and of these classes' public methods."""
    with warnings.catch_warnings(action="ignore"):
        tree = ast.parse(content)
    for node in tree.body:
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            yield from _documented(node)
            for part in node.body if isinstance(node, ast.ClassDef) else ():
                if isinstance(part, ast.FunctionDef):
                    yield from _documented(part)


def _documented(node: ast.FunctionDef | ast.ClassDef) -> Iterator[tuple[str, str]]:
    docstring = None if node.name.startswith("_") else ast.get_docstring(node)
    if docstring:
        yield node.name, docstring


def _distinct(pairs: Iterator[tuple[Row, Row]]) -> list[tuple[Row, Row]]:
    """The pairs whose question and answer are both unique, so that every question has one right answer."""
    all_pairs = list(pairs)
    query_counts: dict[str, int] = {}
    document_counts: dict[str, int] = {}
    for query, document in all_pairs:
        query_counts[normalised(query.text)] = query_counts.get(normalised(query.text), 0) + 1
        document_counts[normalised(document.text)] = document_counts.get(normalised(document.text), 0) + 1
    return [
        (query, document)
        for query, document in all_pairs
        if query_counts[normalised(query.text)] == 1 and document_counts[normalised(document.text)] == 1
    ]


def _apart(candidates: Sequence[tuple[Row, Row]], held_out: Sequence[tuple[Row, Row]]) -> list[tuple[Row, Row]]:
    queries = {row.id for row in without([query for query, _ in candidates], [query for query, _ in held_out])}
    documents = {row.id for row in without(_answers(candidates), _answers(held_out), LEAST_LONG)}
    return [(query, document) for query, document in candidates if query.id in queries and document.id in documents]


def _answers(pairs: Sequence[tuple[Row, Row]]) -> list[Row]:
    return [document for _, document in pairs]


def _side(pairs: Sequence[tuple[Row, Row]]) -> Side:
    return Side(queries=[query for query, _ in pairs], documents=[document for _, document in pairs])


def _plain(text: str) -> str:
    return " ".join(_MARKUP.sub(lambda match: match[1] or " ", text).split())


def _masked(text: str, name: str) -> str:
    return re.sub(rf"\b{re.escape(name)}\b", _MASK, text)
