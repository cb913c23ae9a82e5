# SPDX-License-Identifier: Apache-2.0
"""A secret that was changed is known within minutes; one that cannot be read again is believed for longer."""

import pytest

from federation.errors import ServiceError
from federation.wiring.renewed import SECONDS, Renewed


class Vault:
    """A place for one secret, and a clock."""

    def __init__(self):
        self.now = 0.0
        self.secret = "old"
        self.reads = 0

    def read(self):
        self.reads += 1
        if self.secret is None:
            raise ServiceError("the vault is closed")
        return self.secret

    def clock(self):
        return self.now


@pytest.fixture
def vault():
    return Vault()


def test_for_some_minutes_nothing_is_read_again(vault):
    read = Renewed(vault.read, vault.clock)
    assert vault.reads == 0, "nothing is read before it is needed"
    assert [read(), read()] == ["old", "old"]
    vault.now = SECONDS
    read()
    assert vault.reads == 1


def test_then_the_new_one_counts(vault):
    read = Renewed(vault.read, vault.clock)
    read()
    vault.secret, vault.now = "new", SECONDS + 1
    assert [read(), read()] == ["new", "new"]
    assert vault.reads == 2


def test_what_cannot_be_read_again_stays_until_it_can(vault, caplog):
    read = Renewed(vault.read, vault.clock)
    read()
    vault.secret, vault.now = None, SECONDS + 1
    assert read() == "old"
    assert "the vault is closed" in caplog.text
    vault.secret, vault.now = "new", 2 * SECONDS + 2
    assert read() == "new"


def test_what_was_never_read_is_asked_for_until_it_is_there(vault):
    read = Renewed(vault.read, vault.clock)
    vault.secret = None
    for _ in range(2):
        with pytest.raises(ServiceError):
            read()
    vault.secret = "at last"
    assert read() == "at last"
