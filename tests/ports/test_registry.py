# SPDX-License-Identifier: Apache-2.0
"""What is published can be found, once, under a tag that names its commit."""

import msgspec
import pytest
from tests.steps.home import home as made

from federation.core.digest import canonical, digest_of
from federation.errors import ConflictError, ServiceError
from federation.simulation.platform import PLATFORM_OF


@pytest.fixture
def release(tmp_path):
    home = made(tmp_path / "home")
    for kind in PLATFORM_OF:
        home.ship(kind, 1)
    home.tick("merge", "2026-01-05T08:00:00Z")
    yield canonical(home.document("releases/spiralverse-ai-federated-v1.0.0"))
    home.local.close()


NAME = "spiralverse-ai-federated-v1.0.0"


def test_nothing_is_found_before_it_is_published(registry):
    assert registry.find(NAME) is None


def test_a_release_is_published_and_found_again(registry, release):
    receipt = registry.publish(NAME, release)
    assert registry.find(NAME) == receipt
    assert receipt.digest == digest_of(release)


def test_a_release_lies_there_with_its_card(local_registry, release, tmp_path):
    local_registry.publish(NAME, release)
    card = (tmp_path / "registry" / NAME / "README.md").read_text("utf-8")
    assert "| textgen-lora | `spiralverse/textgen-lora-v1` | hf | new |" in card
    assert card.startswith("---\nlibrary_name: federation\n")


def test_a_registry_without_its_disk_has_lost_no_release(local_registry, release, tmp_path):
    folder, disk = tmp_path / "registry", tmp_path / "disk"
    receipt = local_registry.publish(NAME, release)
    folder.rename(disk)
    folder.symlink_to(disk)
    disk.rename(tmp_path / "unmounted")
    for ask in (lambda: local_registry.find(NAME), lambda: local_registry.publish(NAME, release)):
        with pytest.raises(ServiceError, match=f"is a link to {disk}, which is gone: mount its disk"):
            ask()
    (tmp_path / "unmounted").rename(disk)
    assert local_registry.find(NAME) == receipt


def test_publishing_again_gives_the_same_receipt(registry, release):
    assert registry.publish(NAME, release) == registry.publish(NAME, release)


def test_a_tag_on_other_content_is_refused_and_stays_what_it_was(registry, release):
    receipt = registry.publish(NAME, release)
    other = canonical({**msgspec.json.decode(release), "created_at": "2026-01-06T08:00:00Z"})
    with pytest.raises(
        ConflictError, match=f"has the tag {NAME} on other content: {receipt.digest} at {receipt.commit}"
    ):
        registry.publish(NAME, other)
    assert registry.find(NAME) == receipt
