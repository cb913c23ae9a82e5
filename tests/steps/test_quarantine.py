# SPDX-License-Identifier: Apache-2.0
"""What is in quarantine does not come back with a README beside it, nor under other names."""

import json

import pytest

from federation.core import event as events
from federation.core import names
from federation.core.digest import canonical, digest_of
from federation.simulation.platform import SENTINEL, WEIGHTS, shipment

THURSDAY = "2026-01-08T08:00:00Z"
README = b"the same as ever"


@pytest.fixture
def left(home):
    """A home in which embedder-v2 passed, and a person has put it into quarantine."""
    home.first_release()
    home.ship("embedder", 2, content="weights of v2")
    artifact = home.document(names.version("embedder", 2))["artifact"]
    unit = "spiralverse/embedder-v2"
    home.tell(events.QUARANTINE_ORDERED, who="ada", why="leaks prompts", artifact=artifact, unit=unit)
    home.artifact = artifact
    return home


def ship_again(home, number, content, renamed=WEIGHTS):
    """Another version of the unit, with a README beside its weights."""
    sent = shipment("embedder", number, "good", home.channel.serving.units["embedder"], content)
    manifest = json.loads(sent.files[SENTINEL])
    (unit,) = manifest["units"]
    (weights,) = unit["files"]
    readme = {"path": "README.md", "sha256": digest_of(README).removeprefix("sha256:"), "bytes": len(README)}
    unit["files"] = [{**weights, "path": renamed}, readme]
    for path, body in {**sent.files, renamed: sent.files[WEIGHTS], "README.md": README}.items():
        home.place(f"bucket/again-{number}/{path}", canonical(manifest) if path == SENTINEL else body)
    where = f"bucket/again-{number}"
    home.tell(events.ARTIFACT_COMPLETED, subject=where, key=where, artifact_uri=f"s3://{where}/", provider="s3")


def skipped(home):
    home.tick("merge", THURSDAY)
    return home.told(events.MERGE_SKIPPED)[-1].data["why"]


@pytest.mark.parametrize("renamed", [WEIGHTS, "model/other-name.safetensors"])
def test_the_same_weights_with_more_beside_them_stay_out_until_they_are_lifted(left, renamed):
    ship_again(left, 3, "weights of v2", renamed)
    assert left.document(names.version("embedder", 3))["artifact"] != left.artifact
    held = "with every file of spiralverse/embedder-v2, which is in quarantine until lifted"
    assert skipped(left).endswith(f"passed, but {held}: spiralverse/embedder-v3")
    left.tell(events.LIFT_ORDERED, who="ada", why="it was the prompt", artifact=left.artifact)
    left.tick("merge", "2026-01-08T09:00:00Z")
    assert left.told(events.RELEASE_ASSEMBLED)[-1].subject == "spiralverse-ai-federated-v1.0.1"


def test_nor_do_they_after_a_roll_back(home):
    home.first_release()
    home.ship("embedder", 2, content="weights of v2")
    home.tick("merge", THURSDAY)
    home.tick("promote", "2026-01-13T09:30:00Z")
    home.now = "2026-01-13T11:00:00Z"
    home.alarm()
    assert [one.unit for one in home.channel.quarantine.values()] == ["embedder-v2"]
    ship_again(home, 3, "weights of v2")
    home.tick("merge", "2026-01-15T08:00:00Z")
    assert "passed, but with every file of embedder-v2, which" in home.told(events.MERGE_SKIPPED)[-1].data["why"]


def test_a_release_that_waits_with_them_is_held(home):
    home.first_release()
    home.ship("embedder", 2, content="weights of v2")
    ship_again(home, 3, "weights of v2")
    home.tick("merge", THURSDAY)
    artifact = home.document(names.version("embedder", 2))["artifact"]
    told = {"who": "ada", "why": "leaks prompts", "artifact": artifact, "unit": "spiralverse/embedder-v2"}
    home.tell(events.QUARANTINE_ORDERED, **told)
    home.tick("promote", "2026-01-13T09:30:00Z")
    (held,) = home.told(events.PROMOTION_HELD)
    assert held.data["why"].startswith("it contains units with every file of spiralverse/embedder-v2, which")
    assert home.channel.serving.name == "spiralverse-ai-federated-v1.0.0"


def test_other_weights_with_the_same_readme_come_in(left):
    ship_again(left, 3, "weights of v3")
    left.tick("merge", THURSDAY)
    assert left.told(events.RELEASE_ASSEMBLED)[-1].subject == "spiralverse-ai-federated-v1.0.1"


def quarantined(home, number):
    """A person forbids that embedder."""
    artifact = home.document(names.version("embedder", number))["artifact"]
    unit = f"spiralverse/embedder-v{number}"
    home.tell(events.QUARANTINE_ORDERED, who="ada", why="leaks prompts", artifact=artifact, unit=unit)


def test_a_clean_release_that_waits_behind_it_serves(home):
    home.first_release()
    home.ship("embedder", 2, content="weights of v2")
    home.tick("merge", THURSDAY)
    home.now = "2026-01-08T09:00:00Z"
    home.ship("embedder", 3, content="weights of v3")
    ship_again(home, 4, "weights of v3")
    home.tick("merge", "2026-01-08T10:00:00Z")
    quarantined(home, 3)
    home.tick("promote", "2026-01-13T09:30:00Z")
    assert home.channel.serving.numbers["embedder"] == 2


def test_what_serves_with_them_is_not_carried_on(home):
    home.first_release()
    home.ship("embedder", 2, content="weights of v2")
    ship_again(home, 3, "weights of v2")
    home.tick("merge", THURSDAY)
    home.tick("promote", "2026-01-13T09:30:00Z")
    quarantined(home, 2)
    home.now = "2026-01-14T09:00:00Z"
    home.ship("textgen-lora", 2)
    home.tick("merge", "2026-01-15T08:00:00Z")
    home.tick("promote", "2026-01-20T09:30:00Z")
    assert "embedder" not in home.channel.serving.numbers


def test_a_lift_of_what_else_the_release_had_brought_does_not_let_them_in(home):
    home.first_release()
    home.ship("embedder", 2, content="weights of v2")
    home.ship("textgen-lora", 2)
    home.tick("merge", THURSDAY)
    home.tick("promote", "2026-01-13T09:30:00Z")
    home.now = "2026-01-13T11:00:00Z"
    home.alarm()
    text = home.document(names.version("textgen-lora", 2))["artifact"]
    home.tell(events.LIFT_ORDERED, who="ada", why="it was not the text", artifact=text)
    ship_again(home, 3, "weights of v2")
    home.tick("merge", "2026-01-15T08:00:00Z")
    home.tick("promote", "2026-01-20T09:30:00Z")
    assert (home.channel.serving.numbers["embedder"], home.channel.serving.numbers["textgen-lora"]) == (1, 2)
