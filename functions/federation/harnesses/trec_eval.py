# SPDX-License-Identifier: Apache-2.0
"""Reads the scores of trec_eval or ir_measures for each query. Three columns: measure, query and value, or query first.

`trec_eval -q` (9.0.8, `trec_eval.c`) and pytrec_eval's `trec_eval.py` print the measure first; `ir_measures --by_query`
(0.4.3, `__main__.py`) prints the query first. The line of the mean has the query `all`, which shows the order.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from federation.core.records import quoted
from federation.errors import ContractError
from federation.harnesses.answer import Answer, File, Options, Results
from federation.harnesses.content import number_in, text_of

NAME: Final = "trec_eval"
OPTIONS: Final = frozenset({"score", "worst"})
_ALL: Final = "all"
_COLUMNS: Final = 3
_MEASURES: Final = re.compile(
    r"(11pt_avg|G|P|R(ndcg|prec(_mult)?)|binG|(gm_)?bpref|(gm_)?map|infAP|iprec_at_recall|map_cut|ndcg|ndcg_(cut|rel)"
    r"|num_\w+|recall|recip_rank|relative_P|relstring|runid|set_\w+|success|utility)(_.+)?"
)
"""Every measure of trec_eval."""
_WITHOUT: Final = frozenset({"runid", "num_q", "relstring"})
"""Measures that are not a score of a query."""


def is_line(line: str) -> bool:
    """Whether a line has a measure, a query and a number, in one of the two orders."""
    columns = line.split()
    return len(columns) == _COLUMNS and (columns[0] in _WITHOUT or number_in(columns[2]) is not None)


def read(files: Sequence[File], _options: Options) -> Results:
    """The measures of each query.

    Raises:
        ContractError: A line does not have three columns, or repeats a measure of a query.
    """
    queries: dict[str, dict[str, float | None]] = {}
    for file in files:
        rows = list(_rows(file))
        query_first = _is_query_first(file, rows)
        for number, columns in rows:
            query, measure = columns[:2] if query_first else (columns[1], columns[0])
            if query == _ALL or measure in _WITHOUT:
                continue
            scores = queries.setdefault(query, {})
            if measure in scores:
                raise ContractError(
                    f"{file.name}: line {number} repeats {quoted(measure)} of the query {quoted(query)}"
                )
            scores[measure] = number_in(columns[2])
    if not queries:
        raise ContractError(
            f"{files[0].name} has no scores of single queries, only means", hint="Run it again with -q (or --by_query)."
        )
    answers = [Answer(item=query, scores=scores) for query, scores in queries.items()]
    return Results(description="queries", answers=answers)


def _rows(file: File) -> Iterator[tuple[int, list[str]]]:
    for number, line in enumerate(text_of(file).split("\n"), start=1):
        columns = line.split()
        if len(columns) not in {0, _COLUMNS}:
            raise ContractError(f"{file.name}: line {number} has {len(columns)} columns; {NAME} writes {_COLUMNS}")
        if columns:
            yield number, columns


def _is_query_first(file: File, rows: Sequence[tuple[int, Sequence[str]]]) -> bool:
    """Whether the query comes before the measure."""
    means: Mapping[int, bool] = {column: any(row[column] == _ALL for _, row in rows) for column in (0, 1)}
    if means[0] != means[1]:
        return means[0]
    is_measure = [all(_MEASURES.fullmatch(row[column]) for _, row in rows) for column in (0, 1)]
    if is_measure[0] != is_measure[1]:
        return is_measure[1]
    raise ContractError(
        f"{file.name}: it is unclear which column is the query",
        hint="Keep the lines of the means, whose query is `all`.",
    )
