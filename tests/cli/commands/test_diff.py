# SPDX-License-Identifier: Apache-2.0
"""Before it serves, and after it was left: what is different in a release?"""

import pytest

from federation.demo.show import staged
from federation.demo.story import first_week

FIRST, SECOND = "spiralverse-ai-federated-v1.0.0", "spiralverse-ai-federated-v1.0.1"


@pytest.fixture
def waits(federation, promoted_twice):
    """A home that went back, and whose second release waits to serve again."""
    words = ("--folder", promoted_twice, "--who", "eva", "--why", "to see")
    assert federation("rollback", *words).code == 0
    for one in federation("status", "--folder", promoted_twice, "--json").json["quarantine"]:
        assert federation("lift", one["artifact"], *words).code == 0
    return promoted_twice


def test_a_release_is_what_it_brings_and_what_the_gates_found_about_that(federation, played):
    found = federation("diff", "v1.0.0", "v1.0.1", "--folder", played, "--json").json
    assert (found["before"], found["after"]) == (FIRST, SECOND)
    what = {kind: unit["what"] for kind, unit in found["units"].items()}
    assert what["embedder"] == "changed"
    assert what["policy-adapter"] == "same"
    embedder = found["units"]["embedder"]
    assert "provenance.settings.steps: was '8', is '40'" in embedder["differences"]
    assert {finding["gate"] for finding in embedder["findings"]} == {"quality", "latency", "safety", "compatibility"}
    assert found["units"]["policy-adapter"]["findings"] == []


def test_routes_differ_in_what_they_do_and_not_in_the_numbers_of_units(federation, played):
    found = federation("diff", "v1.0.0", "v1.0.1", "--folder", played, "--json").json["release"]
    assert "routes[0].threshold: was '0.4014', is '0.4012'" in found
    assert "anchor: was 'none', is 'spiralverse-ai-federated-v1.0.0'" in found
    assert not any("-v1" in line and line.startswith(("routes", "fallback")) for line in found)


def test_the_other_way_round_no_gate_has_judged(federation, played):
    """The first release's units were never held against the second."""
    found = federation("diff", "v1.0.1", "v1.0.0", "--folder", played, "--json").json
    assert found["units"]["embedder"]["what"] == "changed"
    assert not any(unit["findings"] for unit in found["units"].values())


def test_without_a_name_it_is_the_next_to_serve_against_what_serves(federation, waits):
    found = federation("diff", "--folder", waits, "--json").json
    assert (found["before"], found["after"]) == (FIRST, SECOND)
    assert federation("diff", "v1.0.1", "--folder", waits, "--json").json == found
    page = federation("diff", "--folder", waits).out
    assert page.startswith(f"From {FIRST} to {SECOND}: 4 of 6 units differ\n")
    assert f"spiralverse/embedder-v2: what the gates found against {FIRST}" in page


def test_a_release_is_no_different_from_itself(federation, played):
    found = federation("diff", "v1.0.1", "v1.0.1", "--folder", played, "--json").json
    assert {unit["what"] for unit in found["units"].values()} == {"same"}
    assert found["release"] == []


def test_before_the_first_promotion_all_that_waits_is_new_and_the_floors_have_judged_it(federation, tmp_path, examples):
    home = tmp_path / "home"
    with staged(home, examples) as stage:
        assert any("The merge is due" in line.what for line in first_week(stage)), "nor does anything come after it"
    found = federation("diff", "--folder", home, "--json").json
    assert (found["before"], found["after"]) == (None, FIRST)
    assert {unit["what"] for unit in found["units"].values()} == {"added"}
    assert {finding["verdict"] for unit in found["units"].values() for finding in unit["findings"]} == {"pass"}
    assert federation("diff", "v1.0.0", "--folder", home, "--json").json == found
    page = federation("diff", "--folder", home).out
    assert page.startswith(f"From nothing to {FIRST}: 6 of 6 units differ\n")
    assert "spiralverse/embedder-v1: what the gates found against nothing" in page


def test_with_nothing_to_compare_it_says_what_could_be_named(federation, new_home, played):
    nothing = federation("diff", "--folder", new_home)
    assert nothing.code == 3
    assert "no release is waiting to be promoted" in nothing.err
    unknown = federation("diff", "v9.9.9", "--folder", played)
    assert unknown.code == 3
    assert "federation releases" in unknown.err
    waiting = federation("diff", "--folder", played)
    assert waiting.code == 3
    assert "no release is waiting to be promoted" in waiting.err
