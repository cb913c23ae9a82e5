# SPDX-License-Identifier: Apache-2.0
"""An order is done only if the nodes obey it, and they obey nobody who is behind what they have done already."""

import json
import shutil

import pytest

from federation.cli.home.opened import opened
from federation.cli.ordering.node_check import check_nodes
from federation.core.event import Event

FIRST = "spiralverse-ai-federated-v1.0.0"
SECOND = "spiralverse-ai-federated-v1.0.1"
WHO = ("--who", "eva", "--why", "the answers are wrong")


@pytest.fixture
def copied(federation, promoted_twice, tmp_path):
    """A home of which a copy runs elsewhere on the same nodes; there, the second release was left and serves again."""
    other = shutil.copytree(promoted_twice, tmp_path / "other")
    shutil.rmtree(other / "serving")
    (other / "serving").symlink_to(promoted_twice / "serving")
    there_and_back(federation, other)
    return promoted_twice


def there_and_back(federation, folder):
    assert federation("rollback", *WHO, "--folder", folder).code == 0
    for one in federation("status", "--folder", folder, "--json").json["quarantine"]:
        assert federation("lift", one["artifact"], *WHO, "--folder", folder).code == 0
    assert federation("promote", SECOND, "--outside-window", *WHO, "--folder", folder).code == 0


def nodes(folder):
    served = json.loads((folder / "serving" / "production.json").read_bytes())
    return served["counter"], served["release"]


@pytest.mark.parametrize("how", [(), ("--direct",), ("--json",)])
def test_an_order_that_the_nodes_ignore_is_not_called_done(federation, copied, how):
    before = nodes(copied)
    answer = federation("rollback", *how, *WHO, "--folder", copied)
    assert answer.code == 5
    assert "serves again" not in answer.out
    assert f"{FIRST} should serve, but the nodes ignore this and still serve {SECOND}" in answer.err
    assert (
        f"They are at move {before[0]}, and this home is at move 4: another copy of this home shares its" in answer.err
    )
    assert (
        "Do not give the order again. If a copy of this home runs elsewhere on the same nodes, stop one of"
        in answer.err
    )
    assert nodes(copied) == before


def test_who_makes_a_restored_home_name_what_the_nodes_serve_hears_that_they_are_ahead(federation, copied):
    """That is the first step after a backup was restored, so it is done."""
    assert federation("rollback", "--who", "bo", "--why", "wrong", "--folder", copied.parent / "other").code == 0
    answer = federation("rollback", *WHO, "--folder", copied)
    assert answer.code == 0
    assert f"The nodes serve {FIRST}, but not because of this order. They are at move" in answer.out
    assert "When a home was restored from a backup" in answer.out


def test_an_order_that_is_refused_is_only_refused(federation, copied):
    assert federation("rollback", "--to", SECOND, *WHO, "--folder", copied).code == 10


def test_an_order_that_lost_to_a_later_one_of_the_same_home_is_done(federation, promoted_twice):
    there_and_back(federation, promoted_twice)
    with opened(promoted_twice) as home:
        channel = json.loads(home.ports.store.channel("production"))
        (moved,) = [one for one in channel["moves"] if one["kind"] == "roll_back"]
        stored = [json.loads(home.ports.store.read(name)) for name in home.ports.store.names("decisions/roll_back/")]
        (given,) = [Event.of(one["event"]) for one in stored]
        assert (given.id, moved["counter"] < channel["counter"]) == (moved["event"], True)
        assert check_nodes(home, given) == []
    assert nodes(promoted_twice) == (channel["counter"], SECOND)
