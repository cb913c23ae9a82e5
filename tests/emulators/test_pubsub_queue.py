# SPDX-License-Identifier: Apache-2.0
"""A queue delivers at least once, in the order of each key, and puts aside what nobody takes."""

from dataclasses import dataclass, field

from hypothesis import given
from hypothesis import strategies as st
from infra.emulators.pubsub_queue import Queue, Rules


@dataclass
class Message:
    number: int
    ordering_key: str = ""
    attributes: dict = field(default_factory=dict)


def queue(*messages, **rules):
    made = Queue(rules=Rules(wants=lambda _: True, **rules))
    for message in messages:
        made.put(message)
    return made


def numbers(leased):
    return [held.message.number for _, held in leased]


def test_a_message_is_out_until_it_is_acknowledged():
    one = queue(Message(1))
    ((ack_id, _),) = one.lease(10, 0.0)
    assert one.lease(10, 0.0) == []
    assert one.ack(ack_id) is True
    assert one.ack(ack_id) is False
    assert one.lease(10, 100.0) == []


def test_what_is_overdue_can_be_given_back_and_comes_first_again():
    one = queue(Message(1), Message(2), ack_deadline=10.0)
    ((ack_id, _),) = one.lease(1, 0.0)
    assert one.overdue(9.0) == []
    one.extend(ack_id, 20.0, 5.0)
    assert one.overdue(24.0) == []
    assert one.overdue(25.0) == [ack_id]
    one.nack(ack_id, 25.0)
    assert numbers(one.lease(10, 25.0)) == [1, 2]


def test_a_key_has_one_message_out_and_other_keys_go_on():
    one = queue(Message(1, "a"), Message(2, "a"), Message(3, "b"), Message(4), ordered=True)
    first = one.lease(10, 0.0)
    assert numbers(first) == [1, 3, 4]
    one.ack(first[0][0])
    assert numbers(one.lease(10, 0.0)) == [2]


def test_a_key_whose_message_waits_for_its_retry_waits_too():
    one = queue(Message(1, "a"), Message(2, "a"), ordered=True, backoff=(10.0, 60.0))
    ((ack_id, _),) = one.lease(1, 0.0)
    one.nack(ack_id, 0.0)
    assert one.lease(10, 9.0) == []
    assert numbers(one.lease(10, 10.0)) == [1]


def test_retries_wait_longer_and_longer_up_to_a_limit():
    one = queue(Message(1), backoff=(10.0, 25.0))
    now = 0.0
    for wait in (10.0, 20.0, 25.0, 25.0):
        ((ack_id, _),) = one.lease(1, now)
        one.nack(ack_id, now)
        assert one.lease(1, now + wait - 0.1) == []
        now += wait


def test_after_the_last_attempt_it_is_a_dead_letter():
    one = queue(Message(1), most_attempts=5)
    for attempt in range(1, 6):
        ((ack_id, held),) = one.lease(1, 0.0)
        assert held.attempts == attempt
        dead = one.nack(ack_id, 0.0)
    assert dead.message.number == 1
    assert one.lease(1, 0.0) == []


@given(
    st.lists(st.sampled_from(["", "a", "b"]), max_size=12),
    st.lists(st.booleans(), max_size=60),
)
def test_each_key_is_delivered_in_order_and_nothing_is_lost(keys, taken):
    one = queue(*(Message(number, key) for number, key in enumerate(keys)), ordered=True)
    done = []
    answers = iter(taken)
    while leased := one.lease(3, 0.0):
        for ack_id, held in leased:
            if next(answers, True):
                one.ack(ack_id)
                done.append(held.message)
            else:
                one.nack(ack_id, 0.0)
    assert sorted(message.number for message in done) == list(range(len(keys)))
    for key in ("a", "b"):
        mine = [message.number for message in done if message.ordering_key == key]
        assert mine == sorted(mine)
