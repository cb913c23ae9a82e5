# SPDX-License-Identifier: Apache-2.0
"""A float in a document hides none of its other faults."""

import json

import pytest
from tests.corpus.cases import valid

from federation.core import strict_json
from federation.errors import ContractError


def faults_of(document):
    with pytest.raises(ContractError) as refused:
        strict_json.document(json.dumps(document).encode())
    return refused.value.faults


@pytest.fixture
def manifest():
    return valid("manifest.v1", "two-adapters-from-the-hub")


def test_the_faults_of_the_schema_are_listed_beside_a_float(manifest):
    manifest["produced_at"] = "yesterday"
    manifest["units"][0]["evidence"]["quality"]["grade"] = "gut"
    manifest["x_loss"] = 0.25
    paths = [fault.partition(":")[0] for fault in faults_of(manifest)]
    assert paths == ["$.x_loss", "$.produced_at", "$.units[0].evidence.quality.grade"]


def test_a_float_where_an_integer_belongs_is_not_to_be_written_as_text(manifest):
    manifest["units"][0]["files"][0]["bytes"] = 1.5
    assert faults_of(manifest) == ("$.units[0].files[0].bytes: expected integer, found 1.5 (Size.)",)


def test_a_whole_number_with_a_point_loses_its_point(manifest):
    manifest["units"][0]["files"][0]["bytes"] = 15.0
    (fault,) = faults_of(manifest)
    assert fault.endswith("and integers without a point: 15")


def test_a_float_where_a_decimal_belongs_is_named_once_and_is_written_as_text():
    policy = valid("policy.v1", "production")
    policy["gates"]["embedder"]["quality"][0]["margin"] = 0.02
    (fault,) = faults_of(policy)
    assert fault.endswith('margin: 0.02 is a float; write decimals as text, such as "0.02"')


@pytest.mark.parametrize("schema", ["poem.v1", 7, ["policy.v1"], None])
def test_a_document_of_no_schema_has_only_the_faults_of_its_json(schema):
    assert faults_of({"schema": schema, "x": 1.5}) == ('$.x: 1.5 is a float; write decimals as text, such as "1.5"',)
