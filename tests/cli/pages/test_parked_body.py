# SPDX-License-Identifier: Apache-2.0
"""A known sender sent what nobody could read: the page about it says what came, by which door, and what is wrong."""

import re

import pytest
from msgspec.structs import replace

from federation.cli.commands.explain import page_about
from federation.cli.home.opened import opened
from federation.cli.store.shelf import Shelf


class Dated:
    """The store of a folder that knows, as a cloud's does, when each document was kept."""

    def __init__(self, store):
        self._store = store

    def __getattr__(self, name):
        return getattr(self._store, name)

    def dates(self, prefix):
        return dict.fromkeys(self._store.names(prefix), 1_763_184_780.0)


@pytest.fixture
def parked(federation, played):
    """What the status says of the Hub's push with a commit of twelve digits."""
    (one,) = federation("status", "--folder", played, "--json").json["parked"]
    return one


def test_a_parked_body_has_a_page_under_both_names_that_the_status_prints(federation, played, parked):
    (short,) = re.findall(r"parked/\w+\.\.", federation("status", "--folder", played).out)
    digits = short.removeprefix("parked/")
    for name in (parked["document"], short, digits, digits.removesuffix("..")):
        page = federation("explain", name, "--folder", played).out
        assert page.startswith(f"{short}: PARKED\n")
        assert f"bad_sha: {parked['why']}" in page
        assert re.search(r"entry +http:hf-webhook\n", page)
        assert re.search(r'begins +{"event": {"action": "update", "scope": "repo.content"}', page)
        assert f"federation explain --folder {played} {parked['document']} --json has the body" in page


def test_a_script_gets_all_that_is_kept(federation, played, parked):
    page = federation("explain", parked["document"], "--folder", played, "--json").json
    assert len(page["content"]["body"]) == parked["bytes"]
    assert page["facts"]["begins"].endswith(" ...")
    assert page["documents"] == [parked["document"]]


def test_a_store_that_knows_when_it_came_is_asked(played, parked):
    with opened(played) as home:
        page = page_about(Shelf(replace(home.ports, store=Dated(home.ports.store))), parked["document"])
    assert page.facts["came"] == "2025-11-15 05:33:00Z"


def test_another_name_is_no_parked_body(federation, played):
    for name in ("parked/ffffffffffff..", "parked/0000", "ffffffffffff.."):
        assert federation("explain", name, "--folder", played).code == 3, name


def test_the_command_that_it_offers_says_the_same_of_that_body(federation, played, parked, tmp_path):
    page = federation("explain", parked["document"], "--folder", played, "--json").json
    assert page["next"][1].endswith("--dry-run --authenticated --entry http:hf-webhook --trust TRUST BODY")
    body = tmp_path / "body.json"
    body.write_text(page["content"]["body"])
    typed = ("receive", "--dry-run", "--authenticated", "--entry", "http:hf-webhook")
    answer = federation(*typed, "--trust", played / "trust.json", "--folder", played, body)
    assert answer.json["error"] == parked["error"]
