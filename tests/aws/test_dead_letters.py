# SPDX-License-Identifier: Apache-2.0
"""Dead letters in SQS: what they may contain, and what may fail during a redrive."""

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
def add_letter(sqs, sqs_prefix):
    """Put a body among the gate's dead letters, as EventBridge or SQS would."""
    url = sqs.get_queue_url(QueueName=f"{sqs_prefix}gate-dead")["QueueUrl"]

    def put(body, **attributes):
        message_attributes = {name: {"DataType": "String", "StringValue": value} for name, value in attributes.items()}
        sqs.send_message(QueueUrl=url, MessageBody=body, MessageAttributes=message_attributes)

    return put


@pytest.fixture
def letters(sqs, sqs_prefix):
    return SqsDeadLetters(lambda: sqs, sqs_prefix, QUEUED, seconds=0)


class DeniedClient:
    """A client that is not allowed one operation."""

    def __init__(self, client, operation):
        self._client = client
        self._operation = operation

    def __getattr__(self, name):
        return self._refuse if name == self._operation else getattr(self._client, name)

    def _refuse(self, **_arguments):
        raise ClientError({"Error": {"Code": "AccessDenied", "Message": "not allowed"}}, self._operation)


class SlowClient:
    """A client on a link so slow that the messages it received are visible again before its next call."""

    def __init__(self, client):
        self._client = client
        self._asked = 0

    def __getattr__(self, name):
        return getattr(self._client, name)

    def receive_message(self, **arguments):
        self._asked += 1
        assert self._asked < 20, "asked without end"
        return self._client.receive_message(**{**arguments, "VisibilityTimeout": 0})


class InterruptedClient:
    """A client whose user presses ^C at the second call."""

    def __init__(self, client):
        self._client = client
        self._asked = 0

    def __getattr__(self, name):
        return getattr(self._client, name)

    def receive_message(self, **arguments):
        self._asked += 1
        if self._asked > 1:
            raise KeyboardInterrupt
        return self._client.receive_message(**arguments)


def test_listing_ends_although_letters_become_visible_again(sqs_letterbox, sqs, sqs_prefix):
    for number in range(3):
        sqs_letterbox.gives_up("gate", accepted(number))
    client = SlowClient(sqs)
    letters = SqsDeadLetters(lambda: client, sqs_prefix, QUEUED, seconds=0).list()
    assert sorted(letter.event.key for letter in letters) == ["0", "1", "2"]


def test_a_letter_that_cannot_be_sent_stays(sqs_letterbox, sqs, sqs_prefix):
    for number in range(3):
        sqs_letterbox.gives_up("gate", accepted(number))
    client = DeniedClient(sqs, "send_message")
    with pytest.raises(ServiceError, match="SendMessage with AccessDenied"):
        SqsDeadLetters(lambda: client, sqs_prefix, QUEUED, seconds=0).redrive()
    assert len(sqs_letterbox.letters.list()) == 3
    assert sqs_letterbox.letters.redrive() == 3


def test_a_letter_that_cannot_be_deleted_is_sent_again_by_the_next_redrive(sqs_letterbox, sqs, sqs_prefix):
    sqs_letterbox.gives_up("gate", accepted(1))
    client = DeniedClient(sqs, "delete_message")
    with pytest.raises(ServiceError, match="DeleteMessage with AccessDenied"):
        SqsDeadLetters(lambda: client, sqs_prefix, QUEUED, seconds=0).redrive()
    assert sqs_letterbox.letters.redrive() == 1
    assert [event.key for _, event in sqs_letterbox.delivered()] == ["1", "1"]


def test_of_two_equal_letters_one_redrive_sends_one(letters, add_letter):
    body = json.dumps({"detail": accepted(1).document()})
    add_letter(body)
    add_letter(body)
    assert letters.redrive() == 1
    assert len(letters.list()) == 1


def test_a_clouds_own_event_is_shown_by_its_envelope(letters, add_letter):
    add_letter(json.dumps(TRAINED))
    (letter,) = letters.list()
    assert letter.event.type == "SageMaker Training Job State Change"
    assert letter.event.subject.endswith("training-job/late")
    assert letter.event.time == "2026-11-18T10:02:38Z"


@pytest.mark.parametrize(
    "body", ["", "no JSON", "[1]", '"text"', "\ud7ff{", '{"detail": 7}', '{"detail": {"type": 1}}']
)
def test_an_unreadable_body_is_listed_and_sent_unchanged(letters, add_letter, sqs, sqs_prefix, body):
    add_letter(body or " ")
    (letter,) = letters.list()
    assert letter.event.subject == letter.id
    assert letters.redrive() == 1
    url = sqs.get_queue_url(QueueName=f"{sqs_prefix}gate")["QueueUrl"]
    assert sqs.receive_message(QueueUrl=url)["Messages"][0]["Body"] == (body or " ")


def test_a_letter_that_eventbridge_could_not_deliver_says_why(letters, add_letter):
    add_letter(json.dumps(TRAINED), ERROR_CODE="NO_PERMISSIONS", ERROR_MESSAGE="the queue's policy does not let it in")
    assert letters.list()[0].failure == "NO_PERMISSIONS: the queue's policy does not let it in"


def test_a_step_that_has_no_queue_has_no_letters(sqs, sqs_prefix):
    assert SqsDeadLetters(lambda: sqs, sqs_prefix, ("gate", "nobody")).list() == []


def test_a_home_without_any_queue_raises_and_names_the_region(sqs):
    """Another region, or another account: "no dead letters" would be a lie."""
    with pytest.raises(SettingsError, match="no queues nobody-STEP-dead in eu-central-1") as error:
        SqsDeadLetters(lambda: sqs, "nobody-", QUEUED).list()
    assert "AWS_DEFAULT_REGION" in error.value.hint


def test_an_interrupted_listing_hides_no_letter_from_the_next_one(letters, sqs_letterbox, sqs, sqs_prefix):
    sqs_letterbox.gives_up("gate", accepted(1))
    client = InterruptedClient(sqs)
    with pytest.raises(KeyboardInterrupt):
        SqsDeadLetters(lambda: client, sqs_prefix, QUEUED, seconds=0).list()
    assert [letter.event.key for letter in letters.list()] == ["1"]


def test_letters_without_a_queue_to_send_them_to_stay(letters, add_letter, sqs, sqs_prefix):
    add_letter(json.dumps(TRAINED))
    sqs.delete_queue(QueueUrl=sqs.get_queue_url(QueueName=f"{sqs_prefix}gate")["QueueUrl"])
    with pytest.raises(MissingError, match=f"{sqs_prefix}gate"):
        letters.redrive()
    assert len(letters.list()) == 1


def test_nothing_is_received_from_empty_queues(letters, aws_cloud):
    assert letters.list() == []
    assert "ReceiveMessage" not in aws_cloud.faults.calls
