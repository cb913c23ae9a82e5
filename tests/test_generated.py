# SPDX-License-Identifier: Apache-2.0
"""Files that are made from others say what those others say."""

import json
from pathlib import Path

import pytest
from infra.generate import ROOT, generated, schemas_module

GENERATED = generated()


@pytest.mark.parametrize("path", GENERATED, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_a_generated_file_is_up_to_date(path: Path):
    name = path.relative_to(ROOT).as_posix()
    assert path.is_file(), f"{name} is not there; run `make generate` and commit it"
    assert path.read_text("utf-8") == GENERATED[path], f"{name} is out of date; run `make generate` and commit it"


def test_every_schema_is_carried_in_one_compact_line():
    carried = [line for line in schemas_module().splitlines() if line.startswith('    "')]
    assert len(carried) == len(list((ROOT / "schemas").glob("*.json")))


def test_every_route_leads_to_a_function_that_hears_it():
    told = json.loads((ROOT / "events/routes.json").read_text("utf-8"))
    assert told
    assert "federation.artifact.completed.v1" in json.dumps(told)
