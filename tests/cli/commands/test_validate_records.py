# SPDX-License-Identifier: Apache-2.0
"""Records that say nothing, or one thing twice: `validate` says so before a gate does."""

import pytest


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (b"", "the file is empty"),
        (b"\n\n", "the file is empty"),
        (b'{"item": "a", "item": "b", "scores": {"accuracy": 1}}\n', "is written more than once"),
    ],
    ids=["nothing", "blank lines", "a key twice"],
)
def test_records_without_one_meaning_are_not_valid(federation, tmp_path, body, told):
    path = tmp_path / "records.jsonl"
    path.write_bytes(body)
    answer = federation("validate", path)
    assert answer.code == 2
    assert told in answer.out
