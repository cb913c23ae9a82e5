# SPDX-License-Identifier: Apache-2.0
"""The schemas are printed as schemas/ has them."""

import json
from pathlib import Path

SCHEMAS = Path(__file__).resolve().parents[3] / "schemas"


def test_a_schema_is_found_with_and_without_its_version(federation):
    written = json.loads((SCHEMAS / "policy.v1.json").read_text())
    assert federation("schema", "policy.v1").json == federation("schema", "policy").json == written


def test_an_unknown_one_says_which_there_are(federation):
    answer = federation("schema", "poem")
    assert answer.code == 3
    assert "manifest.v1" in answer.err
