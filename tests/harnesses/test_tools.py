# SPDX-License-Identifier: Apache-2.0
"""Content says which tool wrote a file; and whatever the content is, the answer is records or a sentence."""

import json
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from infra.package import NEVER_DEPLOYED

from federation.core.records import read
from federation.errors import ContractError
from federation.harnesses.answer import File, Options
from federation.harnesses.records_file import records_file
from federation.harnesses.tools import TOOLS, tool_of

WROTE = {
    "lm_eval": "lm-eval",
    "inspect_ai": "inspect",
    "promptfoo": "promptfoo",
    "trec_eval": "trec-eval",
    "vllm_bench": "vllm",
    "guidellm": "guidellm",
}
FILES = sorted(path for folder in WROTE for path in (Path(__file__).parent / folder).glob("*.*"))
CHOSEN = {
    "task": ("*",),
    "filter": "strict-match",
    "provider": "candidate",
    "run": 1,
    "worst": {},
    "item": "id",
    "score": {"accuracy": "right"},
    "cluster": "doc.question",
}
_scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8)
_values = st.recursive(
    _scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner)
)


@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name}/{path.name[:24]}")
def test_a_file_is_known_by_its_content(path):
    assert tool_of(File(name="renamed", body=path.read_bytes())) == WROTE[path.parent.name]
    again = json.loads(path.read_bytes()) if path.suffix == ".json" else None
    if again is not None:
        assert tool_of(File(name="pretty", body=json.dumps(again, indent=4).encode())) == WROTE[path.parent.name]


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (b"", "was not written by a supported tool"),
        (b"hello", "was not written by a supported tool"),
        (b"{}", "was not written by a supported tool"),
        (b'{"item": "a", "scores": {"f1": 1}}\n', "already a file of records"),
        (b'{"results": {"gsm8k": {}}, "configs": {}}', "only the means of lm-evaluation-harness"),
        (b"{,}", "is not JSON"),
        (b"\xff", "not text in UTF-8"),
    ],
)
def test_what_is_no_result_is_refused_with_a_way_on(body, told):
    with pytest.raises(ContractError, match=told):
        tool_of(File(name="what", body=body))


def _answered(body: bytes, word: str | None = None) -> None:
    """Records that the gates would read, or a refusal."""
    file = File(name="file", body=body)
    with suppress(ContractError):
        tool = TOOLS[word or tool_of(file)]
        asked = Options(
            **{
                name: CHOSEN[name]
                for name in CHOSEN
                if name in tool.options and (name != "score" or tool.name == "table")
            }
        )
        done = records_file(tool.read([file], asked), asked)
        assert len(read(done.body, sorted(done.metrics), what="made").items) == done.items


@given(st.binary(max_size=60) | st.text(max_size=60).map(str.encode), st.sampled_from(sorted(TOOLS)))
def test_no_bytes_crash_a_reader(body, word):
    _answered(body, word)
    _answered(body)


@given(st.data())
def test_no_value_in_a_true_file_crashes_its_reader(data):
    path = data.draw(st.sampled_from([path for path in FILES if path.suffix != ".txt"]))
    body = path.read_bytes()
    lines = [json.loads(line) for line in ([body] if path.suffix == ".json" else body.splitlines())]
    for _ in range(data.draw(st.integers(1, 3))):
        _bend(data, lines)
    _answered("\n".join(map(json.dumps, lines)).encode(), WROTE[path.parent.name])


def _bend(data, node):
    """Another value, or none, somewhere inside."""
    places = sorted(node) if isinstance(node, dict) else range(len(node))
    if not places:
        return
    place = data.draw(st.sampled_from(places))
    if isinstance(node[place], dict | list) and data.draw(st.integers(0, 3)):
        _bend(data, node[place])
    elif data.draw(st.booleans()):
        node[place] = data.draw(_values)
    else:
        del node[place]


def test_no_function_in_a_cloud_carries_these_readers():
    assert "harnesses" in NEVER_DEPLOYED
