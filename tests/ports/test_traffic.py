"""The serving nodes obey the newest shift, however late an older one arrives."""

from federation.core.outcome import Shift
from federation.ports import Served


def shift(counter, release):
    return Shift(channel="production", counter=counter, release=release, warm=())


def test_what_is_served_can_be_read_back(traffic):
    assert traffic.serving("production") is None
    traffic.shift(shift(1, "a"))
    assert traffic.serving("production") == Served(counter=1, release="a")


def test_a_shift_that_was_overtaken_changes_nothing(traffic):
    traffic.shift(shift(2, "b"))
    traffic.shift(shift(1, "a"))
    assert traffic.serving("production").release == "b"


def test_a_release_that_is_not_there_does_not_answer_its_probe(traffic):
    assert traffic.probe("production", "spiralverse-ai-federated-v1.0.0") is False
