# SPDX-License-Identifier: Apache-2.0
"""The schemas are the contract for everybody outside: each field explains itself, and its examples are true."""

import json
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator
from tests.corpus.cases import VALID

from federation.core import contract
from federation.core.schemas import SCHEMAS

FOLDER = Path(__file__).resolve().parents[2] / "schemas"
FILES = sorted(FOLDER.glob("*.json"))
NUMBERS = {"decimal", "decimal_from_0", "decimal_above_0", "share"}


def schema(path):
    return json.loads(path.read_text("utf-8"))


def parts(node, path="#"):
    """Every subschema with its path; a choice's branches are told by the choice."""
    yield path, node
    for table in ("properties", "$defs"):
        for name, inner in node.get(table, {}).items():
            yield from parts(inner, f"{path}/{table}/{name}")
    for word in ("additionalProperties", "propertyNames", "items"):
        if isinstance(node.get(word), dict):
            yield from parts(node[word], f"{path}/{word}")
    for index, inner in enumerate(node.get("anyOf", ())):
        yield from parts(inner, f"{path}/anyOf/{index}")


def is_property(path):
    return path.split("/")[-2:-1] == ["properties"]


def is_number(node):
    return node.get("type") in ("integer", "number") or node.get("$ref", "").rpartition("/")[2] in NUMBERS


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_it_is_a_draft_2020_12_schema_that_knows_its_own_name(path):
    found = schema(path)
    Draft202012Validator.check_schema(found)
    assert found["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert found["$id"] == f"https://spiralverse.ai/federation/schemas/{path.name}"
    assert found["description"].endswith(".")


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_every_field_is_described_and_shown(path):
    fields = {place: node for place, node in parts(schema(path)) if is_property(place)}
    assert len(fields) > 3
    assert [place for place, node in fields.items() if not node.get("description")] == []
    assert [place for place, node in fields.items() if not node.get("examples")] == []


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_every_number_says_its_unit(path):
    """A branch of a choice is one value with the field around it, which says the unit."""
    silent = [
        place
        for place, node in parts(schema(path))
        if "/anyOf/" not in place.removeprefix("#")
        and any(map(is_number, [node, *node.get("anyOf", ())]))
        and not node.get("unit")
    ]
    assert silent == []


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_every_example_satisfies_what_it_is_an_example_of(path):
    whole = schema(path)
    wrong = [
        (place, example)
        for place, node in parts(whole)
        for example in node.get("examples", ())
        if not Draft202012Validator({**node, "$defs": whole.get("$defs", {})}).is_valid(example)
    ]
    assert wrong == []


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_no_text_and_no_list_may_grow_without_end(path):
    """A pattern that counts its characters bounds a text as well."""
    bounds = {"array": {"maxItems"}, "string": {"maxLength", "pattern"}}
    endless = [place for place, node in parts(schema(path)) if not ends(node, bounds)]
    assert endless == []


def ends(node, bounds):
    types = node.get("type", ())
    asked = [bounds[one] for one in ([types] if isinstance(types, str) else types) if one in bounds]
    return all(bound & set(node) for bound in asked)


def test_the_package_carries_exactly_the_schemas_that_are_published():
    assert {path.stem for path in FILES} == set(SCHEMAS) == contract.SCHEMA_NAMES
    for path in FILES:
        assert contract.schema_of(path.stem) == schema(path)


@pytest.mark.parametrize("case", VALID, ids=str)
def test_a_document_says_which_schema_it_follows(case):
    if "schema" in contract.schema_of(case.schema)["properties"]:
        assert case.document["schema"] == case.schema


def test_the_readme_names_every_schema():
    readme = (FOLDER / "README.md").read_text("utf-8")
    assert [path.name for path in FILES if f"`{path.name}`" not in readme] == []
