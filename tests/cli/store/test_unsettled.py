# SPDX-License-Identifier: Apache-2.0
"""Whoever received a completion was killed before it was announced: the team has shipped, and no page knows of it."""

import pytest
from tests.cli.conftest import EXAMPLES, LATE

from federation.cli.home.opened import opened
from federation.core import event as events
from federation.core import names
from federation.core.digest import canonical
from federation.core.event import Event
from federation.demo.clouds import upload

MANIFEST = f"{LATE}_MANIFEST.json"


def completed(place, time="2026-11-19T07:40:00Z"):
    return Event(
        type=events.ARTIFACT_COMPLETED,
        source="//federation/receive",
        subject=place,
        time=time,
        key=place,
        data={"provider": "s3", "resource": place, "artifact_uri": place.removesuffix("_MANIFEST.json")},
    )


def received(folder, *told):
    """Store what `receive` stores first of all, and go no further."""
    with opened(folder) as home:
        for one in told:
            assert home.ports.store.claim(names.event(one.id), canonical(one.document()))


@pytest.fixture
def unannounced(new_home):
    """A home in which a manifest and its files lie, and the completion is stored and was never announced."""
    upload(EXAMPLES / "aws_manifest.json", new_home / "clouds", LATE)
    told = completed(MANIFEST)
    received(new_home, told)
    return new_home, names.short(told.id)


def test_the_status_names_it_with_its_date_and_what_sends_it_on(federation, unannounced):
    home, digits = unannounced
    page = federation("status", "--folder", home).out
    title, line = page[page.index("Received, but nothing is decided") :].splitlines()[:2]
    assert title.endswith(f"federation tick --folder {home} sweep")
    assert line == f"  {MANIFEST} of 2026-11-19 07:40:00Z ({digits[:12]})"


@pytest.mark.parametrize("named", ["digits", "whole", "document", "manifest", "folder"])
def test_its_page_is_found_by_whatever_a_person_has_of_it(federation, unannounced, named):
    home, digits = unannounced
    subject = {
        "digits": digits[:12],
        "whole": f"sha256:{digits}",
        "document": names.event(digits),
        "manifest": MANIFEST,
        "folder": LATE,
    }[named]
    page = federation("explain", subject, "--folder", home, "--json").json
    assert (page["subject"], page["verdict"]) == (MANIFEST, "received")
    assert page["documents"] == [names.event(digits)]
    assert page["next"][0].endswith("a sweep announces it: federation tick sweep")


def test_its_unit_has_no_page_yet_but_a_trace(federation, unannounced):
    home, digits = unannounced
    answer = federation("explain", "spiralverse/runtime-distilled-v1", "--folder", home)
    assert answer.code == 3
    named = f"`federation explain --folder {home} {digits[:12]}` ({MANIFEST})"
    assert f"1 completion received, such as {named}" in answer.err


def test_the_sweep_sends_it_on_and_from_then_on_its_decision_is_the_page(federation, unannounced):
    home, digits = unannounced
    assert "spiralverse/runtime-distilled-v1 accepted" in federation("tick", "sweep", "--folder", home).out
    found = federation("status", "--folder", home, "--json").json
    assert found["received"] == []
    assert federation("explain", digits[:12], "--folder", home, "--json").json["verdict"] != "received"


def test_what_is_a_dead_letter_or_waits_for_files_is_not_told_twice(federation, stuck):
    found = federation("status", "--folder", stuck.home, "--json").json
    assert (len(found["dead"]), found["received"]) == (1, [])
    stuck.manifest.unlink()
    federation("redrive", "--folder", stuck.home)
    found = federation("status", "--folder", stuck.home, "--json").json
    assert (len(found["waiting"]), found["received"]) == (1, [])


def test_of_many_the_status_reads_a_few_and_counts_the_rest(federation, new_home):
    received(new_home, *(completed(f"s3://acme/{number}/_MANIFEST.json") for number in range(9)))
    found = federation("status", "--folder", new_home, "--json").json
    assert (len(found["received"]), found["older"]["received"]) == (5, 4)
    assert "not read: 4 received completions" in federation("status", "--folder", new_home).out
    whole = federation("status", "--all", "--folder", new_home, "--json").json
    assert (len(whole["received"]), whole["older"]["received"]) == (9, 0)


def test_of_a_place_that_was_written_twice_the_newer_completion_is_the_page(federation, unannounced):
    home, _ = unannounced
    federation("tick", "sweep", "--folder", home)
    again = Event(
        **{**{field: getattr(completed(MANIFEST), field) for field in Event.__struct_fields__}, "key": "again"}
    )
    received(home, again)
    page = federation("explain", MANIFEST, "--folder", home, "--json").json
    assert (page["verdict"], page["facts"]["event"]) == ("received", names.short(again.id)[:12])
