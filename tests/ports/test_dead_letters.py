# SPDX-License-Identifier: Apache-2.0
"""What was delivered in vain lies there until it is sent again, and is never lost on the way."""

from federation.core import event as events
from federation.core import instant
from federation.core.event import Event


def accepted(number):
    """An event that `gate` alone hears."""
    return Event(
        type=events.UNIT_ACCEPTED,
        source="//test",
        subject=f"acme/embedder-v{number}",
        time="2026-01-05T08:00:00Z",
        key=str(number),
        data={"number": number},
    )


def breached():
    """An event that `roll_back` alone hears."""
    return Event(
        type=events.SLO_BREACHED, source="//test", subject="slo", time="2026-01-05T09:00:00Z", key="slo", data={}
    )


def rolled_back():
    """An event that `fuse` and `launch` hear."""
    return Event(
        type=events.RELEASE_ROLLED_BACK, source="//test", subject="r", time="2026-01-05T09:00:00Z", key="r", data={}
    )


def test_where_nothing_failed_nothing_lies(letterbox):
    assert letterbox.letters.list() == []
    assert letterbox.letters.redrive() == 0


def test_a_letter_tells_its_step_and_the_whole_event(letterbox):
    letterbox.gives_up("gate", accepted(1))
    (letter,) = letterbox.letters.list()
    assert letter.step == "gate"
    assert letter.event == accepted(1)
    assert letter.attempts >= 1
    assert instant.moment(letter.at)


def test_looking_leaves_everything_where_it_is(letterbox):
    letterbox.gives_up("gate", accepted(1))
    letterbox.gives_up("roll_back", breached())
    seen = [{(one.step, one.id) for one in letterbox.letters.list()} for _ in range(3)]
    assert seen[0] == seen[1] == seen[2]
    assert {step for step, _ in seen[0]} == {"gate", "roll_back"}
    assert letterbox.delivered() == []


def test_what_is_sent_again_reaches_the_step_that_gave_it_up(letterbox):
    letterbox.gives_up("gate", accepted(1))
    letterbox.gives_up("gate", accepted(2))
    assert letterbox.letters.redrive() == 2
    assert sorted(event.key for step, event in letterbox.delivered() if step == "gate") == ["1", "2"]
    assert letterbox.letters.list() == []


def test_the_letters_of_another_step_stay(letterbox):
    letterbox.gives_up("gate", accepted(1))
    letterbox.gives_up("roll_back", breached())
    assert letterbox.letters.redrive("roll_back") == 1
    assert [step for step, _ in letterbox.delivered()] == ["roll_back"]
    assert [letter.step for letter in letterbox.letters.list()] == ["gate"]


def test_only_the_letters_that_are_named_are_sent_again(letterbox):
    for number in range(3):
        letterbox.gives_up("gate", accepted(number))
    ids = {letter.event.key: letter.id for letter in letterbox.letters.list()}
    assert letterbox.letters.redrive(ids=[ids["0"], ids["2"]]) == 2
    assert sorted(event.key for _, event in letterbox.delivered()) == ["0", "2"]
    assert [letter.event.key for letter in letterbox.letters.list()] == ["1"]


def test_an_id_that_no_letter_has_or_one_of_another_step_sends_nothing(letterbox):
    letterbox.gives_up("gate", accepted(1))
    (letter,) = letterbox.letters.list()
    assert letterbox.letters.redrive(ids=["nobody"]) == 0
    assert letterbox.letters.redrive(ids=[]) == 0
    assert letterbox.letters.redrive("roll_back", [letter.id]) == 0
    assert letterbox.delivered() == []
    assert letterbox.letters.redrive("gate", [letter.id]) == 1


def test_what_is_given_up_again_lies_there_again(letterbox):
    letterbox.gives_up("gate", accepted(1))
    letterbox.letters.redrive()
    assert letterbox.delivered() == [("gate", accepted(1))]
    letterbox.gives_up("gate", accepted(1))
    (letter,) = letterbox.letters.list()
    assert letter.event.key == "1"


def test_an_event_that_several_steps_hear_is_sent_to_the_one_that_gave_it_up(letterbox):
    letterbox.gives_up("fuse", rolled_back())
    assert letterbox.letters.redrive() == 1
    assert ("fuse", rolled_back()) in letterbox.delivered()


def test_there_may_be_many(letterbox):
    for number in range(12):
        letterbox.gives_up("gate", accepted(number))
    assert len(letterbox.letters.list()) == 12
    assert letterbox.letters.redrive("gate") == 12
    assert letterbox.letters.list() == []
