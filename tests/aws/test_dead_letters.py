# SPDX-License-Identifier: Apache-2.0
"""Dead letters in SQS: whatever is in them, and whatever fails while they are sent again."""

import json

import pytest
from botocore.exceptions import ClientError
from tests.ports.backends_aws import QUEUED

from federation.aws.dead_letters import SqsDeadLetters
from federation.core import event as events
from federation.core.event import Event
from federation.errors import MissingError, ServiceError, SettingsError

TRAINED = {
    "id": "4c1f",
    "source": "aws.sagemaker",
    "detail-type": "SageMaker Training Job State Change",
    "time": "2026-11-18T10:02:38Z",
    "resources": ["arn:aws:sagemaker:eu-central-1:111122223333:training-job/late"],
    "detail": {"TrainingJobStatus": "Completed"},
}


def accepted(number):
    return Event(
        type=events.UNIT_ACCEPTED, source="//test", subject="u", time="2026-01-05T08:00:00Z", key=str(number), data={}
    )


@pytest.fixture
def dead(sqs, sqs_prefix):
    """Put a body among the gate's dead letters, as EventBridge or SQS would."""
    url = sqs.get_queue_url(QueueName=f"{sqs_prefix}gate-dead")["QueueUrl"]

    def put(body, **attributes):
        told = {name: {"DataType": "String", "StringValue": value} for name, value in attributes.items()}
        sqs.send_message(QueueUrl=url, MessageBody=body, MessageAttributes=told)

    return put


@pytest.fixture
def letters(sqs, sqs_prefix):
    return SqsDeadLetters(lambda: sqs, sqs_prefix, QUEUED, seconds=0)


class Refused:
    """A client that is not allowed one operation."""

    def __init__(self, client, operation):
        self._client = client
        self._operation = operation

    def __getattr__(self, name):
        return self._refuse if name == self._operation else getattr(self._client, name)

    def _refuse(self, **_arguments):
        raise ClientError({"Error": {"Code": "AccessDenied", "Message": "not allowed"}}, self._operation)


class Slow:
    """A client over a link so slow that what it received is visible again before it asks for more."""

    def __init__(self, client):
        self._client = client
        self._asked = 0

    def __getattr__(self, name):
        return getattr(self._client, name)

    def receive_message(self, **asked):
        self._asked += 1
        assert self._asked < 20, "asked without end"
        return self._client.receive_message(**{**asked, "VisibilityTimeout": 0})


class Impatient:
    """A client whose person presses ^C when it asks for more."""

    def __init__(self, client):
        self._client = client
        self._asked = 0

    def __getattr__(self, name):
        return getattr(self._client, name)

    def receive_message(self, **asked):
        self._asked += 1
        if self._asked > 1:
            raise KeyboardInterrupt
        return self._client.receive_message(**asked)


def test_looking_ends_although_letters_come_back_meanwhile(sqs_letterbox, sqs, sqs_prefix):
    for number in range(3):
        sqs_letterbox.gives_up("gate", accepted(number))
    slow = Slow(sqs)
    found = SqsDeadLetters(lambda: slow, sqs_prefix, QUEUED, seconds=0).list()
    assert sorted(letter.event.key for letter in found) == ["0", "1", "2"]


def test_what_cannot_be_sent_is_not_taken_away(sqs_letterbox, sqs, sqs_prefix):
    for number in range(3):
        sqs_letterbox.gives_up("gate", accepted(number))
    refused = Refused(sqs, "send_message")
    with pytest.raises(ServiceError, match="SendMessage with AccessDenied"):
        SqsDeadLetters(lambda: refused, sqs_prefix, QUEUED, seconds=0).redrive()
    assert len(sqs_letterbox.letters.list()) == 3
    assert sqs_letterbox.letters.redrive() == 3


def test_what_cannot_be_taken_away_was_sent_and_is_sent_once_more(sqs_letterbox, sqs, sqs_prefix):
    sqs_letterbox.gives_up("gate", accepted(1))
    refused = Refused(sqs, "delete_message")
    with pytest.raises(ServiceError, match="DeleteMessage with AccessDenied"):
        SqsDeadLetters(lambda: refused, sqs_prefix, QUEUED, seconds=0).redrive()
    assert sqs_letterbox.letters.redrive() == 1
    assert [event.key for _, event in sqs_letterbox.delivered()] == ["1", "1"]


def test_what_comes_back_while_the_letters_are_sent_waits_for_the_next_time(letters, dead):
    body = json.dumps({"detail": accepted(1).document()})
    dead(body)
    dead(body)
    assert letters.redrive() == 1
    assert len(letters.list()) == 1


def test_a_clouds_own_event_is_told_as_its_envelope_tells_it(letters, dead):
    dead(json.dumps(TRAINED))
    (letter,) = letters.list()
    assert letter.event.type == "SageMaker Training Job State Change"
    assert letter.event.subject.endswith("training-job/late")
    assert letter.event.time == "2026-11-18T10:02:38Z"


@pytest.mark.parametrize(
    "body", ["", "no JSON", "[1]", '"text"', "\ud7ff{", '{"detail": 7}', '{"detail": {"type": 1}}']
)
def test_a_body_that_nobody_can_read_is_listed_and_sent_as_it_is(letters, dead, sqs, sqs_prefix, body):
    dead(body or " ")
    (letter,) = letters.list()
    assert letter.event.subject == letter.id
    assert letters.redrive() == 1
    url = sqs.get_queue_url(QueueName=f"{sqs_prefix}gate")["QueueUrl"]
    assert sqs.receive_message(QueueUrl=url)["Messages"][0]["Body"] == (body or " ")


def test_what_eventbridge_could_not_deliver_says_why(letters, dead):
    dead(json.dumps(TRAINED), ERROR_CODE="NO_PERMISSIONS", ERROR_MESSAGE="the queue's policy does not let it in")
    assert letters.list()[0].failure == "NO_PERMISSIONS: the queue's policy does not let it in"


def test_a_step_that_has_no_queue_has_no_letters(sqs, sqs_prefix):
    assert SqsDeadLetters(lambda: sqs, sqs_prefix, ("gate", "nobody")).list() == []


def test_a_home_without_any_queue_is_looked_for_in_the_wrong_place(sqs):
    """Another region, or another account: "no dead letters" would be a lie."""
    with pytest.raises(SettingsError, match="no queues nobody-STEP-dead in eu-central-1") as caught:
        SqsDeadLetters(lambda: sqs, "nobody-", QUEUED).list()
    assert "AWS_DEFAULT_REGION" in caught.value.hint


def test_whoever_stops_looking_in_the_middle_hides_no_letter_from_the_next_one(letters, sqs_letterbox, sqs, sqs_prefix):
    sqs_letterbox.gives_up("gate", accepted(1))
    impatient = Impatient(sqs)
    with pytest.raises(KeyboardInterrupt):
        SqsDeadLetters(lambda: impatient, sqs_prefix, QUEUED, seconds=0).list()
    assert [letter.event.key for letter in letters.list()] == ["1"]


def test_letters_without_a_queue_to_send_them_to_stay(letters, dead, sqs, sqs_prefix):
    dead(json.dumps(TRAINED))
    sqs.delete_queue(QueueUrl=sqs.get_queue_url(QueueName=f"{sqs_prefix}gate")["QueueUrl"])
    with pytest.raises(MissingError, match=f"{sqs_prefix}gate"):
        letters.redrive()
    assert len(letters.list()) == 1


def test_nothing_is_received_from_empty_queues(letters, aws_cloud):
    assert letters.list() == []
    assert "ReceiveMessage" not in aws_cloud.faults.calls
