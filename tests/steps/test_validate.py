"""An artifact was completed: what may come in, what may not, and what has to wait."""

import pytest

from federation.core import event as events
from federation.core import names
from federation.core.digest import digest
from federation.core.uri import SENTINEL


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
        ("foreign", "embedder is none of them"),
        ("corrupt", "and the manifest says 0000"),
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
