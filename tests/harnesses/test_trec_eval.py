# SPDX-License-Identifier: Apache-2.0
"""A measure, a query, a number; or the query first, as ir_measures prints it."""

import msgspec
import pytest

from federation.errors import ContractError
from federation.harnesses.answer import File


@pytest.mark.parametrize(
    ("name", "gain"), [("trec_eval/trec_eval.txt", "ndcg_cut_10"), ("trec_eval/ir_measures.txt", "nDCG@10")]
)
def test_every_query_is_an_item(written, rows, name, gain):
    found = rows(written(name))
    assert {query: row["scores"][gain] for query, row in found.items()} == {"q1": 1, "q2": 0.3801, "q3": 0}


def test_means_and_counts_of_queries_are_no_scores(written, rows):
    assert rows(written("trec_eval/trec_eval.txt"))["q1"]["scores"].keys() == {"map", "ndcg_cut_10"}
    assert "all" not in rows(written("trec_eval/ir_measures.txt"))


def test_a_mean_alone_says_nothing_of_a_query(convert):
    with pytest.raises(ContractError, match="no scores of single queries") as refused:
        convert(File(name="mean.txt", body=b"map \tall\t0.2312\n"))
    assert "-q" in refused.value.hint


def test_without_a_mean_an_unknown_measure_could_be_a_query(written, convert):
    file = written("trec_eval/ir_measures.txt")
    alone = b"\n".join(line for line in file.body.splitlines() if not line.startswith(b"all"))
    with pytest.raises(ContractError, match="it is unclear which column is the query"):
        convert(msgspec.structs.replace(file, body=alone))


def test_a_value_with_an_underscore_is_no_number(convert):
    body = b"map q1 0.5\nndcg q1 0.5\nmap q2 1_0\nndcg q2 0.5\nmap all 0.5\n"
    assert convert(File(name="run.txt", body=body)).left_out.keys() == {"map"}


@pytest.mark.parametrize(
    ("line", "told"),
    [(b"map q1 0.5\n", "line 13 repeats 'map' of the query 'q1'"), (b"map q9\n", "line 13 has 2 columns")],
)
def test_a_broken_line_is_told_by_its_number(written, convert, line, told):
    file = written("trec_eval/trec_eval.txt")
    with pytest.raises(ContractError, match=told):
        convert(msgspec.structs.replace(file, body=file.body + line))
