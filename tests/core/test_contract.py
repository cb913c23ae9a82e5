# SPDX-License-Identifier: Apache-2.0
"""Two validators, one verdict; and whoever is refused hears every reason, with its place."""

from functools import cache

import jsonschema_rs
import msgspec
import pytest
from hypothesis import given, settings
from jsonschema import Draft202012Validator
from tests.corpus.cases import INVALID, RAW, SCHEMAS, VALID, valid
from tests.corpus.mutations import held, places, put, spoilt

from federation.core import contract, strict_json
from federation.errors import ContractError


@cache
def compiled(schema):
    return jsonschema_rs.Draft202012Validator(contract.schema_of(schema))


def accepted(schema, document):
    """What the compiled half says."""
    return compiled(schema).is_valid(document)


def test_every_schema_has_documents_that_are_right_and_documents_that_are_wrong():
    assert set(SCHEMAS) == contract.SCHEMA_NAMES
    for schema in SCHEMAS:
        assert 3 <= len([case for case in VALID if case.schema == schema]) <= 6
        assert len([case for case in [*INVALID, *RAW] if case.schema == schema]) >= 10


@pytest.mark.parametrize("case", VALID, ids=str)
def test_both_validators_accept_what_is_right(case):
    contract.check(case.schema, case.document)
    assert contract.faults(case.schema, case.document) == ()
    assert Draft202012Validator(contract.schema_of(case.schema)).is_valid(case.document)


@pytest.mark.parametrize("case", INVALID, ids=str)
def test_both_validators_refuse_what_is_wrong_and_its_one_fault_is_told(case):
    assert not accepted(case.schema, case.document)
    with pytest.raises(ContractError) as refused:
        contract.check(case.schema, case.document, what=f"{case.name}.json")
    assert refused.value.faults == (case.fault,)
    assert refused.value.what == f"{case.name}.json does not satisfy schemas/{case.schema}.json"


def written(place):
    """A place as a fault tells it."""
    return "$" + "".join(f"[{key}]" if isinstance(key, int) else f".{key}" for key in place)


def test_every_fault_of_the_corpus_names_a_place_that_is_in_its_document():
    for case in INVALID:
        inside = [written(place) for place in [(), *places(case.document)]]
        assert any(case.fault.startswith(f"{place}: ") for place in inside), case


@pytest.mark.parametrize("raw", RAW, ids=str)
def test_what_json_cannot_carry_is_stopped_at_the_door(raw):
    with pytest.raises(ContractError) as refused:
        strict_json.document(raw.body)
    assert str(refused.value) == raw.told


@pytest.mark.parametrize("case", [case for case in VALID if case.schema != "record.v1"], ids=str)
def test_what_is_right_comes_through_the_door_unchanged(case):
    assert strict_json.document(msgspec.json.encode(case.document)) == case.document


def test_three_faults_are_told_at_once_in_the_order_of_their_places():
    manifest = valid("manifest.v1", "two-adapters-from-the-hub")
    manifest["platform"] = "HF"
    manifest["units"][0]["files"][0]["path"] = "../adapter.json"
    del manifest["units"][1]["residency"]
    with pytest.raises(ContractError) as refused:
        contract.check("manifest.v1", manifest, what="hf_manifest.json")
    places_told = [fault.partition(": ")[0] for fault in refused.value.faults]
    assert places_told == ["$.platform", "$.units[0].files[0].path", "$.units[1]"]
    assert str(refused.value).count("\n") == 3


def test_the_second_comes_before_the_tenth():
    manifest = valid("manifest.v1", "two-adapters-from-the-hub")
    manifest["units"] = [{**manifest["units"][0], "api": 1} for _ in range(11)]
    told = [fault.partition(".api")[0] for fault in contract.faults("manifest.v1", manifest)]
    assert told == [f"$.units[{index}]" for index in range(11)]


def test_a_fault_inside_what_may_also_be_null_is_told_where_it_is():
    channel = valid("channel.v1", "rolled-back-with-a-quarantine")
    channel["serving"]["commit"] = ""
    channel["serving"]["probed_at"] = "yesterday"
    told = contract.faults("channel.v1", channel)
    assert [fault.partition(": ")[0] for fault in told] == ["$.serving.commit", "$.serving.probed_at"]


def test_a_long_value_is_cut_and_the_expectation_is_not():
    manifest = put(valid("manifest.v1", "two-adapters-from-the-hub"), ("platform",), "H" * 5000)
    (fault,) = contract.faults("manifest.v1", manifest)
    assert len(fault) < 250
    assert fault.endswith("Such as hf)")


def test_a_document_that_is_wrong_everywhere_is_refused_as_soon_as_one_that_is_wrong_somewhere():
    manifest = valid("manifest.v1", "two-adapters-from-the-hub")
    manifest["units"] = [1] * 500_000
    told = contract.faults("manifest.v1", manifest)
    assert told[1].startswith("$.units[1]: expected object, found 1")
    assert told[-1] == "there are more than these 100 faults; fix these first"


def test_every_word_that_the_schemas_use_has_a_sentence_of_its_own():
    silent = {"$schema", "$id", "$ref", "$defs", "title", "description", "examples", "unit", "properties", "items",
              "additionalProperties", "propertyNames"}  # fmt: skip
    told = {"required", "type", "anyOf", "enum", "const", "pattern", "minimum", "maximum", "uniqueItems",
            "minLength", "maxLength", "minItems", "maxItems", "minProperties", "maxProperties"}  # fmt: skip
    assert {word for schema in SCHEMAS for word in words(contract.schema_of(schema))} <= silent | told


def words(schema):
    yield from schema
    for table in ("properties", "$defs"):
        for inner in schema.get(table, {}).values():
            yield from words(inner)
    for word in ("items", "additionalProperties", "propertyNames"):
        if isinstance(schema.get(word), dict):
            yield from words(schema[word])
    for inner in schema.get("anyOf", ()):
        yield from words(inner)


@settings(max_examples=200, deadline=None)
@given(spoilt())
def test_both_validators_agree_however_a_document_is_spoilt_and_say_what_was_expected(case):
    told = contract.faults(case.schema, case.document)
    assert accepted(case.schema, case.document) == (told == ())
    for fault in told:
        assert fault.startswith("$")
        assert "expected" in fault or "missing" in fault


@pytest.mark.parametrize("case", [case for case in VALID if case.schema != "record.v1"], ids=str)
def test_a_final_newline_is_no_part_of_a_name_or_a_time(case):
    exact = {"digest", "sha256", "produced_at", "created_at", "since", "at", "time", "id", "org", "version"}
    texts = [
        place for place in places(case.document) if place[-1] in exact and isinstance(held(case.document, place), str)
    ]
    for place in texts[:8]:
        spoilt_ = put(case.document, place, f"{held(case.document, place)}\n")
        assert not accepted(case.schema, spoilt_)
        assert contract.faults(case.schema, spoilt_)
