# SPDX-License-Identifier: Apache-2.0
"""Does docs/sources.md list every fault that a source can name, every entry, and nothing else?"""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from tests.sources.cases import CASES

from federation.sources.readers import ENTRIES

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "sources.md").read_text(encoding="utf-8")
NAME = re.compile(r"[a-z][a-z0-9]*(?:_[a-z0-9]+)+")
CALLS = {"UnreadableError", "text_of", "matching", "object_of", "json_object", "json_value"}


def named_in(tree: ast.AST) -> Iterator[str]:
    """Every string that a call which raises a fault is given, or has as a default."""
    for node in ast.walk(tree):
        given: list[ast.expr | None] = []
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in CALLS:
            given = [*node.args, *(keyword.value for keyword in node.keywords)]
        if isinstance(node, ast.FunctionDef) and node.name in CALLS:
            given = [*node.args.defaults, *node.args.kw_defaults]
        for one in given:
            if isinstance(one, ast.Constant) and isinstance(one.value, str) and NAME.fullmatch(one.value):
                yield one.value


def faults_in_code() -> set[str]:
    files = (ROOT / "functions" / "federation" / "sources").glob("*.py")
    return {name for path in files for name in named_in(ast.parse(path.read_text(encoding="utf-8")))}


def test_every_fault_that_the_code_names_is_on_the_page():
    assert {name for name in faults_in_code() if f"`{name}`" not in PAGE} == set()


def test_every_fault_of_a_case_is_on_the_page():
    assert {error for case in CASES if (error := case.told["error"]) and f"`{error}`" not in PAGE} == set()


def test_the_page_names_no_fault_that_the_code_does_not():
    table = PAGE.split("## Faults")[1].split("## Choices")[0]
    rows = [line.split("|")[2] for line in table.splitlines() if line.startswith("| ")]
    listed = {name for row in rows for name in re.findall(r"`([a-z0-9_]+)`", row) if NAME.fullmatch(name)}
    from_the_edge = {"oidc_signature", "oidc_expired", "oidc_unverified"}
    assert listed - faults_in_code() - from_the_edge == set()


def test_every_entry_is_on_the_page():
    assert [entry for entry in ENTRIES if f"`{entry}`" not in PAGE] == []
