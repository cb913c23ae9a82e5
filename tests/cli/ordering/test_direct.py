# SPDX-License-Identifier: Apache-2.0
"""The bus is down, and a person goes back all the same."""

import json
import sqlite3

import msgspec
import pytest
from infra.emulators import aws
from tests.cli.deployed import OnAws, seeded

from federation.cli.home.opened import opened
from federation.cli.ordering.direct import UNANNOUNCED, carried_directly
from federation.cli.ordering.order import order
from federation.core import event as events
from federation.core import names
from federation.errors import ServiceError
from federation.local.traffic import LocalTraffic
from federation.runtime import handle
from federation.settings import Settings
from federation.wiring.aws import own_clients
from federation.wiring.cloud import cloud_ports

FIRST = "spiralverse-ai-federated-v1.0.0"
SECOND = "spiralverse-ai-federated-v1.0.1"
WHO = ("--who", "eva", "--why", "the answers are wrong")
NIGHT = "2026-11-20T03:00:00Z"
ORDER = order(events.ROLLBACK_ORDERED, {"who": "eva", "why": "wrong", "release": SECOND}, about="production", at=NIGHT)


@pytest.fixture
def without_bus(promoted_twice):
    """A home whose second release serves, and whose queue takes nothing any more."""
    _changed(
        promoted_twice, "create trigger down before insert on queue begin select raise(abort, 'the bus is down'); end"
    )
    return promoted_twice


def _changed(folder, statement):
    connection = sqlite3.connect(folder / "store.sqlite")
    connection.execute(statement)
    connection.commit()
    connection.close()


def _serves(folder):
    """What the channel says, and what the nodes really do."""
    with opened(folder) as home:
        channel = msgspec.json.decode(home.ports.store.channel("production"))
    return channel["serving"]["name"], json.loads((folder / "serving" / "production.json").read_bytes())["release"]


def test_over_the_bus_a_roll_back_is_stuck_when_the_bus_is(federation, without_bus):
    answer = federation("rollback", *WHO, "--folder", without_bus)
    assert answer.code == 5
    assert "Check with `federation status" in answer.err
    assert "--direct" in answer.err
    assert _serves(without_bus) == (SECOND, SECOND)


def test_directly_it_goes_back_and_says_that_nobody_was_told(federation, without_bus):
    answer = federation("rollback", "--direct", *WHO, "--folder", without_bus)
    assert answer.code == UNANNOUNCED == 12
    assert _serves(without_bus) == (FIRST, FIRST)
    assert f"{FIRST} serves again. {SECOND} was rolled back: the answers are wrong" in answer.out
    assert "the resulting events could not be announced" in answer.err
    assert "the bus is down" in answer.err
    assert "federation train" in answer.err


def test_directly_with_a_bus_that_works_all_that_follows_happens_too(federation, promoted_twice):
    answer = federation("rollback", "--direct", *WHO, "--folder", promoted_twice, "--json")
    assert (answer.code, answer.err) == (0, "")
    assert answer.json[0]["told"][0]["type"] == events.RELEASE_ROLLED_BACK
    assert _serves(promoted_twice) == (FIRST, FIRST)
    assert federation("status", "--folder", promoted_twice, "--json").json["queue"] == 0


def test_a_refusal_stays_one(federation, without_bus):
    answer = federation("rollback", "--direct", "--to", SECOND, *WHO, "--folder", without_bus)
    assert answer.code == 10
    assert f"{SECOND} already serves" in answer.out
    assert _serves(without_bus) == (SECOND, SECOND)


def test_the_page_of_the_last_roll_back_is_that_of_one_over_the_bus(federation, without_bus):
    federation("rollback", "--direct", *WHO, "--folder", without_bus)
    page = federation("explain", "roll_back", "--folder", without_bus, "--json").json
    assert (page["verdict"], page["facts"]["left"]) == ("rolled back", SECOND)


def test_a_later_delivery_of_the_same_order_is_a_repetition(without_bus):
    with opened(without_bus) as home:
        carried_directly("roll_back", ORDER, home)
        channel = home.ports.store.channel("production")
        decisions = home.ports.store.names(names.DECISIONS)
        _changed(without_bus, "drop trigger down")
        assert handle("roll_back", ORDER, home.ports, NIGHT).repeat
        assert home.ports.store.channel("production") == channel
        assert home.ports.store.names(names.DECISIONS) == decisions


class Home:
    """A home with some of its ports replaced."""

    def __init__(self, ports):
        self.ports = ports

    def carry(self, *announced):
        raise AssertionError(announced)


class Down:
    """A service that fails whatever it is asked."""

    def __init__(self):
        self.asked = 0

    def __getattr__(self, name):
        def failing(*_):
            self.asked += 1
            raise ServiceError(f"{name} failed")

        return failing


def test_nodes_that_cannot_be_reached_are_told_and_nobody_is_asked_to_order_it_twice(promoted_twice):
    with opened(promoted_twice) as home:
        nodes = Down()
        ports = msgspec.structs.replace(home.ports, traffic=nodes)
        with pytest.raises(ServiceError, match=r"should serve as of move \d+, but then this failed: shift failed"):
            carried_directly("roll_back", ORDER, Home(ports))
        assert nodes.asked == 3
    assert _serves(promoted_twice) == (FIRST, SECOND)


def test_what_fails_before_the_move_is_told_as_it_is(promoted_twice):
    class Still:
        """A store that cannot be written to."""

        def __init__(self, store):
            self._store = store

        def __getattr__(self, name):
            return getattr(Down() if name == "move" else self._store, name)

    with opened(promoted_twice) as home:
        ports = msgspec.structs.replace(home.ports, store=Still(home.ports.store))
        with pytest.raises(ServiceError, match=r"^move failed$") as failed:
            carried_directly("roll_back", ORDER, Home(ports))
    assert failed.value.__cause__ is None, "in a cloud the cause says whose login may not write"


def test_in_a_cloud_it_is_the_store_and_the_nodes_that_are_needed(promoted_twice, tmp_path, monkeypatch):
    with aws.serving() as cloud, opened(promoted_twice) as local:
        variables = {**OnAws(cloud).variables, "FEDERATION_BUS": "arn:aws:events:eu-west-1:111122223333:event-bus/gone"}
        for name, value in variables.items():
            monkeypatch.setenv(name, value)
        ports = cloud_ports(Settings.read(variables))
        seeded(ports.store, local.ports)
        nodes = LocalTraffic(tmp_path / "serving", promoted_twice / "registry")
        progress, failure = carried_directly("roll_back", ORDER, Home(msgspec.structs.replace(ports, traffic=nodes)))
        assert [one.step for one in progress.decisions] == ["roll_back"]
        assert "EventBridge" in failure
        assert nodes.serving("production").release == FIRST
        assert msgspec.json.decode(ports.store.channel("production"))["serving"]["name"] == FIRST
    own_clients.cache_clear()
