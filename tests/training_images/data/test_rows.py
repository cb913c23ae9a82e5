# SPDX-License-Identifier: Apache-2.0
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from training_images.data.rows import Row, digest, read, write
from training_images.job.errors import ConfigError

WORDS = st.text(st.characters(codec="utf-8"), max_size=20)
ROWS = st.lists(
    st.builds(Row, id=WORDS, text=WORDS, label=WORDS, cluster=WORDS, category=WORDS), unique_by=lambda row: row.id
)
GOOD = b'{"category":"c","cluster":"t","id":"1","label":"l","text":"x"}\n'


@given(rows=ROWS)
def test_what_is_written_is_read_again(rows: list[Row], tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.mktemp("rows") / "train.jsonl"
    write(path, rows)
    assert read(path) == sorted(rows, key=lambda row: row.id)
    assert digest(read(path)) == digest(rows)


@given(rows=ROWS)
def test_a_digest_does_not_depend_on_the_order(rows: list[Row]) -> None:
    assert digest(rows) == digest(rows[::-1])


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("ä".encode("latin-1"), "line 2 is not UTF-8"),
        (b"{", "line 2 is not JSON"),
        (b'{"id": "2"}', "line 2 is not a row"),
        (b"[" * 100_000, "line 2 is not JSON"),
        (GOOD.replace(b'"1"', b"1"), "line 2 has a field that is not text"),
        (GOOD.replace(b'"x"', rb'"on \ud83d"'), "line 2 contains half of a character"),
    ],
)
def test_a_line_that_is_not_a_row_is_named(tmp_path: Path, content: bytes, said: str) -> None:
    path = tmp_path / "train.jsonl"
    path.write_bytes(GOOD + content)
    with pytest.raises(ConfigError, match=said):
        read(path)


def test_a_file_that_is_not_there_says_how_it_is_made(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"python -m training_images\.data"):
        read(tmp_path / "train.jsonl")
