# SPDX-License-Identifier: Apache-2.0
"""The page that people find in the registry."""

from tests.core.proposals import all_kinds, proposal, released

from federation.core.card import card
from federation.core.release import assemble
from federation.core.version import FIRST, Version


def test_it_opens_with_front_matter_that_registries_read():
    lines = card(assemble(proposal(), FIRST)).splitlines()
    assert lines[0] == "---"
    matter = lines[1 : lines.index("---", 1)]
    assert matter == ["library_name: federation", "tags:", "- federated-release", "- api:fusion-api-v1"]
    assert lines[len(matter) + 2] == "# spiralverse-ai-federated-v1.0.0"


def test_it_says_what_changed_and_what_is_replaced():
    first = card(assemble(proposal(), FIRST))
    assert "The first release. It replaces nothing: it is the first." in first
    second = card(assemble(proposal(all_kinds(2), baseline=released("1.4.2")), Version(1, 4, 3)))
    assert "It replaces spiralverse-ai-federated-v1.4.2 when it is promoted." in second


def test_whoever_opens_the_registry_is_not_told_that_the_newest_release_serves():
    """Its page is the registry's front page from the merge on, before any promotion and after every roll-back."""
    assert "the channel says what serves" in card(assemble(proposal(), FIRST))


def test_every_unit_and_every_line_of_the_checklist_has_its_row():
    document = assemble(proposal(), FIRST)
    page = card(document)
    for kind, stated in document["units"].items():
        assert f"| {kind} | `{stated['name']}` | {stated['platform']} | new | `{stated['artifact']}` |" in page
    assert page.count("| yes | ") == len(document["checklist"])


def test_a_reason_stays_in_its_cell_whatever_the_policy_is_called():
    document = assemble(proposal(), FIRST)
    document["checklist"][0]["why"] = "passed under policy a|b\nc"
    assert "| passed under policy a\\|b c |\n" in card(document)


def test_a_no_stands_out():
    document = assemble(proposal(), FIRST)
    document["checklist"][0]["yes"] = False
    assert card(document).count("| NO | ") == 1


def test_the_same_release_has_the_same_page():
    assert card(assemble(proposal(), FIRST)) == card(assemble(proposal(), FIRST))
