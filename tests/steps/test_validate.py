# SPDX-License-Identifier: Apache-2.0
"""An artifact was completed: what may come in, what may not, and what has to wait."""

import msgspec
import pytest
from msgspec.structs import replace

from federation.core import event as events
from federation.core import names
from federation.core.decision import decision_in
from federation.core.digest import canonical, digest
from federation.core.event import Event
from federation.core.faults import MAX_LISTED
from federation.core.strict_json import MAX_BYTES
from federation.core.uri import SENTINEL
from federation.errors import ServiceError
from federation.reads import LiveReads
from federation.runtime import decide, handle
from federation.simulation.platform import shipment
from federation.steps import validate
from tests.steps.home import MONDAY, TUESDAY


def test_a_complete_unit_is_accepted_and_its_version_names_it_for_ever(home):
    told = home.ship("embedder", 3)
    assert told[0].type == events.UNIT_ACCEPTED
    version = home.document(names.version("embedder", 3))
    assert version["name"] == "spiralverse/embedder-v3"
    assert version["stated"]["platform"] == "gcp"
    assert version["unit"] == digest(version["stated"])


def test_the_same_completion_again_keeps_nothing_new(home):
    home.ship("embedder", 3)
    before = home.store.names("")
    home.ship("embedder", 3)
    assert home.store.names("") == before


def test_another_content_under_a_taken_version_is_rejected(home):
    home.ship("embedder", 3)
    (rejected, *_) = home.ship("embedder", 3, content="other")
    assert rejected.type == events.UNIT_REJECTED
    assert "ship other content under the next version" in rejected.data["why"]


def test_the_same_unit_at_two_places_is_one_unit(home):
    home.ship("embedder", 3, content="same")
    first = home.document(names.version("embedder", 3))
    sent = home.local.folder / "clouds/s3/bucket/embedder-3-same"
    for file in sent.iterdir():
        home.place(f"mirror/{file.name}", file.read_bytes())
    told = home.tell(events.ARTIFACT_COMPLETED, subject="mirror", artifact_uri="s3://mirror/")
    assert told[0].type == events.UNIT_ACCEPTED
    assert home.document(names.version("embedder", 3)) == first


@pytest.mark.parametrize(
    ("quality", "said"),
    [
        ("leaky", "raw training data left"),
        ("foreign", "hf may not ship embedder: the policy's matrix allows it only textgen-lora"),
        ("corrupt", "but the manifest says 0000"),
    ],
)
def test_what_may_not_come_in_is_rejected_with_its_reason(home, quality, said):
    (rejected, *_) = home.ship("embedder", 2, quality)
    assert rejected.type == events.UNIT_REJECTED
    assert said in rejected.data["why"]
    assert home.document(names.version("embedder", 2)) is None


def test_a_platform_cannot_speak_for_another(home):
    home.ship("embedder", 2)
    told = home.tell(
        events.ARTIFACT_COMPLETED,
        subject="hub push",
        artifact_uri="s3://bucket/embedder-2-own/",
        provider="huggingface",
    )
    assert "the event comes from hf" in told[0].data["why"]


@pytest.mark.parametrize(
    ("provider", "platform"), [("kubernetes", "hf"), ("azure", "gcp"), ("sagemaker", "gcp"), ("vertex", "hf")]
)
def test_nor_does_a_cluster_or_another_cloud_speak_for_one_that_has_events_of_its_own(home, provider, platform):
    told = shipped_by(home, platform, provider)
    assert told.type == events.UNIT_REJECTED
    assert f"the manifest names platform {platform}, but the event comes from" in told.data["why"]


@pytest.mark.parametrize(
    ("provider", "platform"), [("s3", "hf"), ("gcs", "gcp"), ("kubernetes", "coreweave"), ("local", "hf")]
)
def test_whoever_may_write_where_a_door_trusts_speaks_for_itself(home, provider, platform):
    assert shipped_by(home, platform, provider).type == events.UNIT_ACCEPTED


def test_where_the_policy_says_whence_a_platform_ships_no_other_place_is_believed(home):
    elsewhere = shipped_by(home, "hf", "s3", origins={"hf": ["hf://models/spiralverse/"]})
    assert elsewhere.data["why"] == (
        "the manifest names platform hf, which may ship from hf://models/spiralverse/, but it is at s3://bucket/by-hand/_MANIFEST.json"
    )
    assert shipped_by(home, "hf", "s3", 2, origins={"hf": ["hf://models/x/", "s3://bucket/by-hand/"]}).type == (
        events.UNIT_ACCEPTED
    )


def shipped_by(home, platform, provider, number=1, **policy):
    home.activate(number + 1, matrix={platform: ["embedder"], "other": ["textgen-lora", "runtime-distilled"]}, **policy)
    put(home, {**manifest_of(home, "embedder", number), "platform": platform})
    return home.tell(
        events.ARTIFACT_COMPLETED,
        subject="by hand",
        key=f"{provider}|{number}",
        artifact_uri="s3://bucket/by-hand/",
        provider=provider,
    )[0]


def test_what_the_manifest_alone_forbids_costs_no_look_at_its_files(home):
    put(home, {**manifest_of(home, "embedder", 1), "platform": "nobody"})
    reads = LiveReads(home.local.ports)
    place = {"artifact_uri": "s3://bucket/by-hand/"}
    heard = Event(type=events.ARTIFACT_COMPLETED, source="//test", subject="x", time=MONDAY, key="x", data=place)
    facts = validate.gather(heard, reads)
    assert facts.observed == {}
    assert validate.decide(heard, facts, reads.policy(), MONDAY).events[0].type == events.UNIT_REJECTED


def test_a_half_uploaded_unit_waits_and_a_sweep_brings_it_in(home):
    (waiting,) = home.ship("embedder", 2, complete=False)
    assert waiting.type == events.ARTIFACT_WAITING
    assert "quality.jsonl" in waiting.data["why"]
    home.ship("embedder", 2)
    assert home.document(names.version("embedder", 2)) is not None


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"\xef\xbb\xbf{}", "byte-order mark"),
        (b'{"schema":"manifest.v1","schema":"manifest.v1"}', "repeated"),
        (b'{"schema":"manifest.v1","platform":"hf","produced_at":"today","units":[]}', "produced_at"),
        (b'{"schema":"manifest.v1","x":1.5}', "1.5 is a float"),
    ],
)
def test_a_manifest_that_is_none_is_rejected_with_every_fault(home, body, said):
    home.place(f"bucket/broken/{SENTINEL}", body)
    (rejected,) = home.tell(events.ARTIFACT_COMPLETED, subject="broken", artifact_uri="s3://bucket/broken/")
    assert rejected.type == events.ARTIFACT_REJECTED
    assert said in " ".join(rejected.data["faults"])


def completed(home, place, **data):
    return home.tell(events.ARTIFACT_COMPLETED, subject=place, key=place, artifact_uri=f"s3://{place}/", **data)


def manifest_of(home, kind, number, quality="good"):
    """A manifest as a document, after its files were laid down at bucket/MANIFEST's folder."""
    sent = shipment(kind, number, quality, None)
    for path, body in sent.files.items():
        home.place(f"bucket/by-hand/{path}", body)
    return msgspec.json.decode(sent.files[SENTINEL])


def put(home, document):
    home.place(f"bucket/by-hand/{SENTINEL}", canonical(document))


def assert_settled_for_good(home, event):
    """There is a document that says why, a sweep brings nothing back, and a replay decides the same."""
    (name,) = [name for name in home.store.names(names.SETTLED) if home.document(name)["told"] == [event.document()]]
    assert home.tick("sweep", "2026-03-01T00:00:00Z") == []
    home.assert_decides_again(decision_in(home.document(name)))


def test_a_manifest_larger_than_any_that_is_read_is_rejected_and_not_tried_for_ever(home):
    home.place(f"bucket/huge/{SENTINEL}", b" " * (MAX_BYTES + 1))
    (rejected,) = completed(home, "bucket/huge")
    assert rejected.type == events.ARTIFACT_REJECTED
    assert "is larger than the limit of 1048576 bytes" in rejected.data["why"]
    assert_settled_for_good(home, rejected)


def test_an_artifact_at_a_place_that_is_not_read_is_rejected_with_the_reason(home):
    (rejected,) = completed(home, "../../elsewhere")
    assert rejected.type == events.ARTIFACT_REJECTED
    assert "lies outside the folders that artifacts are read from" in rejected.data["why"]
    assert_settled_for_good(home, rejected)


def test_a_file_that_is_not_read_rejects_what_was_shipped_also_while_others_are_to_come(home, tmp_path):
    manifest_of(home, "embedder", 2)
    folder = home.local.folder / "clouds/s3/bucket/by-hand"
    (folder / "quality.jsonl").unlink()
    (folder / "model.bin").unlink()
    (folder / "model.bin").symlink_to(tmp_path.parent)
    (rejected,) = completed(home, "bucket/by-hand")
    assert rejected.type == events.ARTIFACT_REJECTED
    assert "model.bin lies outside the folders" in rejected.data["why"]
    assert_settled_for_good(home, rejected)


@pytest.mark.parametrize("path", ["model#1.bin", "model.bin?v=2", "model%2ebin", "weights//model.bin", "weights/"])
def test_a_path_that_some_client_reads_as_another_is_rejected_before_it_is_asked_for(home, path):
    document = manifest_of(home, "embedder", 2)
    document["units"][0]["files"][0]["path"] = path
    put(home, document)
    (rejected,) = completed(home, "bucket/by-hand")
    assert rejected.type == events.ARTIFACT_REJECTED
    assert "is not of the form expected" in rejected.data["why"]
    assert_settled_for_good(home, rejected)


class Down:
    """Artifacts of a cloud that is down."""

    def read(self, uri, limit):
        raise ServiceError(f"{uri}: 503")


def test_a_cloud_that_is_down_says_nothing_about_what_was_shipped(home):
    event = Event(
        type=events.ARTIFACT_COMPLETED,
        source="//test",
        subject="unit",
        time=MONDAY,
        key="unit",
        data={"artifact_uri": "s3://bucket/unit/"},
    )
    with pytest.raises(ServiceError, match="503"):
        handle("validate", event, replace(home.local.ports, artifacts=Down()), MONDAY)
    assert home.store.names(names.SETTLED) == []
    assert home.store.names(names.WAITING) == []


def test_a_rejection_of_thousands_of_files_is_small_enough_to_be_announced(home):
    document = manifest_of(home, "embedder", 2)
    (file,) = document["units"][0]["files"]
    document["units"][0]["files"] = [{**file, "sha256": "0" * 64, "path": f"{n}.bin"} for n in range(2500)]
    for number in range(2500):
        home.place(f"bucket/by-hand/{number}.bin", b"x")
    put(home, document)
    (rejected,) = completed(home, "bucket/by-hand")
    assert rejected.type == events.UNIT_REJECTED
    assert rejected.data["faults"][-1] == "and 2,480 more"
    assert len(canonical(rejected.document())) < 10_000


def test_a_manifest_that_is_wrong_everywhere_is_rejected_in_few_words(home):
    document = manifest_of(home, "embedder", 2)
    document["units"][0]["files"] = [{"k" * 90: 1}] * 10_000
    put(home, document)
    (rejected,) = completed(home, "bucket/by-hand")
    assert rejected.type == events.ARTIFACT_REJECTED
    assert len(rejected.data["faults"]) == MAX_LISTED + 1
    assert len(canonical(rejected.document())) < 10_000


def test_a_unit_whose_data_left_is_not_waited_for(home):
    (rejected, *_) = home.ship("embedder", 2, "leaky", complete=False)
    assert rejected.type == events.UNIT_REJECTED
    assert "raw training data left" in rejected.data["why"]


def test_an_unfinished_upload_may_be_told_of_by_whoever_hears_of_it(home):
    """A relay, a sweep, another relay: each tells it with its own name and time, and it is one wait."""
    told = {"type": events.ARTIFACT_COMPLETED, "subject": "s3://bucket/late/", "key": "job|late"}
    data = {"provider": "s3", "resource": "s3://bucket/late/", "artifact_uri": "s3://bucket/late/"}
    for source, time in (("receive", MONDAY), ("sweep", MONDAY), ("receive", TUESDAY)):
        event = Event(**told, source=f"//federation/{source}", time=time, data=data)
        assert handle("validate", event, home.local.ports, MONDAY).why
    assert len(home.store.names(names.waiting(event.id))) == 1


def test_a_wait_that_an_older_version_wrote_down_is_in_nobodys_way(home):
    """Until that version, the document held the whole event and was named by the reason alone."""
    data = {"provider": "s3", "resource": "s3://bucket/late/", "artifact_uri": "s3://bucket/late/"}
    event = Event(
        type=events.ARTIFACT_COMPLETED, source="//federation/receive", subject="x", time=MONDAY, key="k", data=data
    )
    decision = decide("validate", event, home.local.ports, MONDAY)
    why = decision.outcome.why
    old = f"{names.waiting(event.id)}/{names.short(digest(why))}"
    stored = {"event": event.document(), "why": why, "decision": decision.document()}
    home.store.keep(old, canonical(stored))
    assert handle("validate", event, home.local.ports, TUESDAY).why == why


def test_a_rejected_unit_waits_only_for_the_others_of_its_manifest(home):
    document = manifest_of(home, "embedder", 2)
    (good,) = document["units"]
    leaky = {
        **good,
        "name": "spiralverse/embedder-v3",
        "residency": {"raw_data_left": True, "datasets": []},
        "files": [{**good["files"][0], "path": "never.bin"}],
    }
    put(home, {**document, "units": [good, leaky]})
    quality = home.local.folder / "clouds/s3/bucket/by-hand/quality.jsonl"
    records = quality.read_bytes()
    quality.unlink()
    (waiting,) = completed(home, "bucket/by-hand")
    assert waiting.data["why"] == "1 file of the manifest still missing: quality.jsonl"
    quality.write_bytes(records)
    told = home.tick("sweep", MONDAY)
    assert [event.type for event in told if event.source == "//federation/validate"] == [
        events.UNIT_ACCEPTED,
        events.UNIT_REJECTED,
    ]


def test_what_never_becomes_whole_is_rejected_when_its_time_is_over_and_may_come_again(home):
    (waiting,) = home.ship("embedder", 2, complete=False)
    assert waiting.type == events.ARTIFACT_WAITING
    home.tick("sweep", "2026-01-09T07:59:59Z")
    assert home.told(events.ARTIFACT_REJECTED) == []
    home.tick("sweep", "2026-01-09T08:00:00Z")
    (rejected,) = home.told(events.ARTIFACT_REJECTED)
    assert "incomplete 96 hours after the first look: 1 file" in rejected.data["why"]
    assert_settled_for_good(home, rejected)
    assert home.ship("embedder", 2, content="again")[0].type == events.UNIT_ACCEPTED


def test_what_comes_bit_by_bit_has_no_longer_than_what_does_not_come(home):
    """On Monday nothing lies there, on Tuesday all but one file: the deadline is still Monday's."""
    place = "bucket/embedder-2-own"
    home.tell(events.ARTIFACT_COMPLETED, subject=place, key=place, artifact_uri=f"s3://{place}/", provider="s3")
    home.now = TUESDAY
    home.ship("embedder", 2, complete=False)
    assert len(home.store.names(names.WAITING)) == 2
    home.tick("sweep", "2026-01-09T08:00:00Z")
    (rejected,) = home.told(events.ARTIFACT_REJECTED)
    assert "incomplete 96 hours after the first look: 1 file" in rejected.data["why"]


def test_what_is_heard_of_late_waits_as_long_as_anything_else(home):
    home.now = "2026-02-01T00:00:00Z"
    (waiting,) = home.tell(
        events.ARTIFACT_COMPLETED, subject="late", at=MONDAY, artifact_uri="s3://bucket/nothing-there/"
    )
    assert waiting.type == events.ARTIFACT_WAITING


def test_who_waits_for_a_manifest_is_told_where_it_is_looked_for(home):
    where = {"artifact_uri": "s3://bucket/nowhere/", "provider": "s3"}
    home.tell(events.ARTIFACT_COMPLETED, subject="bucket/nowhere", **where)
    _, outcome = next(one for one in home.outcomes if one[0] == "validate")
    assert "there is no manifest at s3://bucket/nowhere/_MANIFEST.json yet" in outcome.why


def test_what_was_accepted_stays_so_when_it_is_told_again_after_its_files_have_moved_away(home):
    """A redelivery would wait for them, and in the end reject what may serve by then."""
    (accepted, *_) = home.ship("embedder", 2)
    for file in (home.local.folder / "clouds/s3/bucket/embedder-2-own").iterdir():
        file.unlink()
    where = {"artifact_uri": "s3://bucket/embedder-2-own/", "provider": "s3"}
    again = home.tell(events.ARTIFACT_COMPLETED, subject="bucket/embedder-2-own", key="bucket/embedder-2-own", **where)
    assert again[0] == accepted
    assert home.store.names(names.WAITING) == []
