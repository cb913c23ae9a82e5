# SPDX-License-Identifier: Apache-2.0
"""A home in its third year: no step reads or writes down more than a step of the first week does."""

import json

import pytest

from federation.core import event as events
from federation.core import names
from federation.core.digest import canonical, digest
from federation.core.event import Event
from federation.simulation.platform import shipment
from tests.steps.home import MONDAY, NEXT_TUESDAY, THURSDAY, TUESDAY, WEDNESDAY
from tests.steps.test_sweep import finished

KINDS = ("textgen-lora", "embedder", "runtime-distilled")
RELEASE = "spiralverse-ai-federated-v"
VOTERS = ("textgen-lora", "runtime-distilled")
PLACE = {"platform": "gcp", "machine": "g2", "region": "europe-west4", "price": "0.90"}
JOB = {
    "image": "json.tool",
    "arguments": ["--help"],
    "after_rollback": False,
    "max_minutes": 60,
    "places": [PLACE],
}
PAST = 50
"""Of everything there are so many old documents; nobody may read one, so they hold nothing."""


def outlived():
    """The names of what three years have left."""
    for number in range(1, PAST):
        yield from (names.version(kind, number) for kind in KINDS)
        yield from (names.release(f"{RELEASE}0.9.{number}"), names.receipt(f"{RELEASE}0.9.{number}"))
        yield from (names.event(digest(number)), names.settled(digest(number)))
        job = f"embedder-{names.short(digest(number))[:12]}"
        yield from (names.job(job), names.held_job(job), names.failed_job(job))
        yield f"{names.COMMITTED}2024-{number % 12 + 1:02d}/EUR/{number:06d}"


@pytest.fixture
def old(home_under):
    """The fiftieth unit of each kind serves, and two of the kinds vote; jobs may cost a hundred euros a month."""
    home = home_under(
        voting={"rule": "veto", "members": list(VOTERS)},
        budget={"currency": "EUR", "amount": "100.00"},
        jobs={"embedder": JOB},
    )
    for kind in KINDS:
        home.ship(kind, PAST)
    home.tick("merge", MONDAY)
    home.tick("promote", TUESDAY)
    for name in outlived():
        home.store.keep(name, b"{}")
    assert home.channel.serving.name == f"{RELEASE}1.0.0"
    return home


@pytest.fixture
def waiting(old):
    """Twenty releases wait to take the place of what serves; the last one has the number 20."""
    old.ship("embedder", PAST + 1)
    old.tick("merge", THURSDAY)
    made, receipt = old.document(names.release(f"{RELEASE}1.0.1")), old.document(names.receipt(f"{RELEASE}1.0.1"))
    for number in range(2, 21):
        other = {"name": f"{RELEASE}1.0.{number}", "composition": digest(number), "merge": digest(number)}
        at = f"2026-01-08T08:00:{number:02d}Z"
        old.store.keep(names.release(other["name"]), canonical({**made, **other, "created_at": at}))
        old.store.keep(names.receipt(other["name"]), canonical(receipt))
    return old


def merged(home, at):
    """What `fuse` decided about the merge of that moment that a release came of."""
    found = [home.document(name)["decision"] for name in home.store.names(names.MERGES)]
    return next(one for one in found if one["event"]["time"] == at)


def read(decision, what, prefix=""):
    """What a decision asked, by what it asked about."""
    return {one["of"]: one["is"] for one in decision["reads"] if one["what"] == what and one["of"].startswith(prefix)}


def test_a_merge_writes_down_what_is_newer_than_what_serves_and_not_every_unit_there_ever_was(old):
    old.ship("embedder", PAST + 1)
    old.tick("merge", THURSDAY)
    decision = merged(old, THURSDAY)
    assert read(decision, "names") == {
        names.POLICIES: [names.policy(1)],
        names.VERSIONS: [names.version("embedder", PAST + 1)],
        names.RELEASES: [],
    }
    old.assert_decides_again(decision)


def test_a_promotion_writes_down_the_releases_that_may_follow_and_not_those_of_all_years(old):
    old.ship("embedder", PAST + 1)
    old.tick("merge", THURSDAY)
    old.tick("promote", NEXT_TUESDAY)
    decision = next(one for one in old.decisions("promote") if one["now"] == NEXT_TUESDAY)
    assert read(decision, "names", names.RELEASES) == {names.RELEASES: [names.release(f"{RELEASE}1.0.1")]}
    old.assert_decides_again(decision)


def test_a_sweep_writes_down_what_it_missed_and_not_every_completion_and_job_there_ever_was(old):
    finished(old, f"embedder-{PAST}-own")
    (first, *_) = old.tick("sweep", WEDNESDAY)
    finished(old, f"textgen-lora-{PAST}-own")
    lost = Event(type=first.type, source="//test", subject="lost", time=WEDNESDAY, key="lost", data=first.data)
    old.store.keep(names.event(lost.id), canonical(lost.document()))
    told = old.tick("sweep", THURSDAY)
    assert {one.subject for one in told if one.type == first.type} == {f"textgen-lora-{PAST}-own", "lost"}
    decision = next(
        one for one in old.decisions("sweep") if one["now"] == THURSDAY and "not settled yet" in one["outcome"]["why"]
    )
    listed = read(decision, "names")
    assert listed[names.SETTLED] == [names.settled(first.id)]
    assert listed[names.EVENTS] == [names.event(lost.id)]
    assert listed[names.JOBS] == []
    old.assert_decides_again(decision)


def test_a_launch_writes_down_the_months_ledger_and_not_what_was_spent_in_all_years(old):
    for key in ("one", "two"):
        old.tell(events.JOB_REQUESTED, key=key, kind="embedder")
    decisions = sorted(old.decisions("launch"), key=lambda one: len(read(one, "names")[names.COMMITTED]))
    listed = [read(one, "names")[names.COMMITTED] for one in decisions]
    assert listed == [[], [f"{names.COMMITTED}2026-01/EUR/000001"]]
    old.assert_decides_again(decisions[1])


def test_of_many_releases_that_wait_only_the_one_to_be_promoted_is_looked_up(waiting):
    waiting.tick("promote", NEXT_TUESDAY)
    decision = next(one for one in waiting.decisions("promote") if one["now"] == NEXT_TUESDAY)
    assert list(read(decision, "document", names.RECEIPTS)) == [names.receipt(f"{RELEASE}1.0.20")]
    assert waiting.channel.serving.name == f"{RELEASE}1.0.20"
    waiting.assert_decides_again(decision)


def test_where_the_name_of_the_best_one_is_taken_in_the_registry_the_next_best_is_promoted(waiting):
    best = f"{RELEASE}1.0.20"
    waiting.local.database.changed("delete from documents where name = ?", names.receipt(best))
    refusal = {"release": best, "why": "another home published it", "taken": True}
    waiting.store.keep(names.unpublished(best), canonical(refusal))
    waiting.tick("promote", NEXT_TUESDAY)
    assert waiting.channel.serving.name == f"{RELEASE}1.0.19"


def test_voters_records_are_fetched_for_a_release_that_is_new_and_for_no_other(old):
    assert len(read(merged(old, MONDAY), "artifact")) == len(VOTERS)
    old.tick("merge", THURSDAY)
    (skipped,) = old.decisions("fuse")
    assert "no unit newer than what serves" in skipped["outcome"]["why"]
    assert read(skipped, "artifact") == {}
    old.ship("embedder", PAST + 1)
    for at in ("2026-01-09T08:00:00Z", "2026-01-10T08:00:00Z"):
        old.tick("merge", at)
    assert len(read(merged(old, "2026-01-09T08:00:00Z"), "artifact")) == len(VOTERS)
    again = merged(old, "2026-01-10T08:00:00Z")
    assert again["outcome"]["why"].endswith("is already assembled")
    assert read(again, "artifact") == {}
    old.assert_decides_again(again)


def test_of_voters_only_the_suites_are_fetched_that_all_of_them_have_run(old):
    sent = shipment("textgen-lora", PAST + 1, "good", old.channel.serving.units["textgen-lora"], "").files
    manifest = json.loads(sent["_MANIFEST.json"])
    (unit,) = manifest["units"]
    own = {**unit["evidence"]["safety"]["policy"]["records"], "path": "adversarial.jsonl"}
    unit["evidence"]["safety"]["adversarial"] = {**unit["evidence"]["safety"]["policy"], "records": own}
    unit["files"].append(own)
    files = {**sent, own["path"]: sent["safety.jsonl"], "_MANIFEST.json": json.dumps(manifest).encode()}
    for path, body in files.items():
        old.place(f"bucket/two-suites/{path}", body)
    old.tell(events.ARTIFACT_COMPLETED, artifact_uri="s3://bucket/two-suites/", provider="s3")
    old.tick("merge", THURSDAY)
    decision = merged(old, THURSDAY)
    assert {uri.rpartition("/")[2] for uri in read(decision, "artifact")} == {"safety.jsonl"}
    assert len(read(decision, "artifact")) == len(VOTERS)
    old.assert_decides_again(decision)


def test_a_decision_that_wrote_down_every_name_is_taken_again_to_the_same_byte(old):
    old.ship("embedder", PAST + 1)
    old.tick("merge", THURSDAY)
    decision = merged(old, THURSDAY)
    for one in decision["reads"]:
        if one["what"] == "names" and one["of"] in (names.VERSIONS, names.RELEASES):
            older = [name for name in outlived() if name.startswith(one["of"])]
            one["is"] = sorted([*older, *one["is"]])
    old.assert_decides_again(decision)
