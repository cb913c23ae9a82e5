# SPDX-License-Identifier: Apache-2.0
"""Two commands work on one home in a folder at the same moment, and each is told what became of its own order."""

import pytest

from federation.cli.clock import now
from federation.cli.home.local import FolderHome
from federation.core import event as events
from federation.core.event import Event
from federation.wiring.local import local_home


def order(type_, **data):
    told = {"who": "eva", "why": "a drill", **data}
    return Event(type=type_, source="//test", subject="order", time=now(), key="drill", data=told)


@pytest.fixture
def here(own):
    home = FolderHome(own, create=False, training_python="")
    yield home
    home.close()


@pytest.fixture
def quicker(own, here, monkeypatch):
    """Another command that delivers whatever is announced before this one does."""
    other = local_home(own)
    announce = here.ports.bus.announce

    def taken(told):
        announce(told)
        if told:
            assert other.settle(now)

    monkeypatch.setattr(here.ports.bus, "announce", taken)
    yield other
    other.close()


def test_an_order_that_another_command_delivered_first_is_told_as_refused(here, quicker):
    progress = here.carry(order(events.ROLLBACK_ORDERED, to="spiralverse-ai-federated-v9.9.9"))
    (refused,) = progress.decisions
    assert refused.moved is None
    assert "v9.9.9 is not kept ready" in refused.why
    assert not progress.open


def test_an_order_that_another_command_delivered_first_is_told_as_carried_out(here, quicker):
    progress = here.carry(order(events.HOLD_ORDERED))
    assert [one.step for one in progress.decisions if one.moved] == ["govern"]
    assert here.ports.store.channel("production") == quicker.ports.store.channel("production")


def test_a_tick_with_nothing_to_do_that_another_command_delivered_first_is_done_at_once(here, quicker):
    progress = here.carry(order(events.TICK_PROMOTE))
    assert not progress.decisions
    assert not progress.open
