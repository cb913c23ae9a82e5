# SPDX-License-Identifier: Apache-2.0
"""What the local node serves is read from its file, or it is told that the file cannot be read."""

import threading
import time

import pytest

from federation.core.outcome import Shift
from federation.errors import ServiceError
from federation.local.traffic import LocalTraffic


def test_a_node_whose_file_is_torn_is_a_service_that_failed_until_the_file_is_deleted(tmp_path):
    traffic = LocalTraffic(tmp_path, tmp_path / "registry")
    (tmp_path / "production.json").write_text('{"counter": 1')
    with pytest.raises(ServiceError, match=r"production\.json does not say what is served: .*; delete it"):
        traffic.serving("production")
    (tmp_path / "production.json").unlink()
    traffic.shift(Shift(channel="production", counter=2, release="v2", warm=()))
    served = traffic.serving("production")
    assert served is not None
    assert served.release == "v2"


def test_a_node_whose_disk_is_gone_has_not_stopped_serving(tmp_path):
    folder = tmp_path / "serving"
    folder.symlink_to(tmp_path / "disk")
    traffic = LocalTraffic(folder, tmp_path / "registry")
    shift = Shift(channel="production", counter=2, release="v2", warm=())
    for ask in (lambda: traffic.serving("production"), lambda: traffic.shift(shift)):
        with pytest.raises(ServiceError, match=f"is a link to {tmp_path / 'disk'}, which is gone"):
            ask()


def test_a_promotion_that_was_held_up_does_not_undo_the_roll_back_that_came_meanwhile(tmp_path):
    """Two processes: the first has read what the node serves, and is slow to write."""
    looked = threading.Event()

    class Slow(LocalTraffic):
        def serving(self, channel):
            found = super().serving(channel)
            looked.set()
            time.sleep(0.2)
            return found

    promotion = Shift(channel="production", counter=5, release="bad", warm=("good",))
    held_up = threading.Thread(target=Slow(tmp_path, tmp_path / "registry").shift, args=(promotion,))
    held_up.start()
    looked.wait()
    traffic = LocalTraffic(tmp_path, tmp_path / "registry")
    traffic.shift(Shift(channel="production", counter=6, release="good", warm=()))
    held_up.join()
    served = traffic.serving("production")
    assert served is not None
    assert (served.counter, served.release) == (6, "good")


def test_a_release_that_was_published_and_is_gone_cannot_be_loaded_but_one_that_is_yet_to_come_may(tmp_path):
    traffic = LocalTraffic(tmp_path / "serving", tmp_path / "registry")
    assert traffic.refusal("production", "v2") is None
    (tmp_path / "registry" / "v2").mkdir(parents=True)
    (tmp_path / "registry" / "v2" / "manifest.json").write_bytes(b"{}")
    (tmp_path / "registry" / "tags").mkdir()
    (tmp_path / "registry" / "tags" / "v2").write_text("c" * 40)
    assert traffic.refusal("production", "v2") is None
    (tmp_path / "registry" / "v2" / "manifest.json").unlink()
    assert traffic.refusal("production", "v2") == (
        f"{tmp_path}/registry/v2/manifest.json is gone, so the nodes cannot load it; put it back from a copy"
    )
