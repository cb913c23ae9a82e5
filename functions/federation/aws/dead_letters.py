# SPDX-License-Identifier: Apache-2.0
"""What is in the steps' dead-letter queues on SQS, and how is it redelivered?

The dead letters of a queue `<prefix><step>` are in `<prefix><step>-dead`. Each is sent and then deleted, so after a
crash in between it is delivered twice, which steps tolerate. SQS counts every receive as a delivery.
"""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import Any, Final

from federation.aws.calls import code_of, service_call
from federation.core import instant
from federation.core.digest import digest_of
from federation.errors import MissingError, ServiceError, SettingsError
from federation.ports import DeadLetter
from federation.sources.dead_letter import event_in

_MISSING: Final = frozenset({"AWS.SimpleQueueService.NonExistentQueue", "QueueDoesNotExist"})
_BATCH: Final = 10
_HIDDEN_SECONDS: Final = 60
"""Visibility timeout of a received letter, unless it is made visible earlier."""

_REASONS: Final = ("ERROR_CODE", "ERROR_MESSAGE")
"""Attributes that EventBridge adds to an event that it could not put into the step's queue."""

Message = Mapping[str, Any]


class SqsDeadLetters:
    """The dead-letter queues of these steps; a step without such a queue has no dead letters.

    Args:
        sqs: Makes the client when it is first needed.
        prefix: Prefix of the queues' names.
        steps: Steps whose queues are read.
        seconds: How long SQS looks for a further message; with 0 it asks only some of its servers.
    """

    def __init__(self, sqs: Callable[[], Any], prefix: str, steps: Sequence[str], seconds: int = 1) -> None:
        self._sqs = sqs
        self._prefix = prefix
        self._steps = steps
        self._seconds = seconds

    def list(self) -> Sequence[DeadLetter]:
        """Every dead letter, oldest first; none is removed.

        Raises:
            SettingsError: No step has such a queue, so these are not the home's queues.
        """
        queues = {step: queue for step in self._steps if (queue := self._dead_letter_queue(step))}
        if not queues:
            raise SettingsError(
                f"there are no queues {self._prefix}STEP-dead in {self._sqs().meta.region_name}",
                hint="FEDERATION_QUEUES, AWS_DEFAULT_REGION or the login is another home's (docs/operations.md).",
            )
        filled = {step: queue for step, queue in queues.items() if self._has_messages(queue)}
        letters = [_letter(step, message) for step, queue in filled.items() for message in self._peek(queue)]
        return sorted(letters, key=lambda letter: instant.order(letter.at))

    def redrive(self, step: str | None = None, ids: Collection[str] | None = None) -> int:
        """Redeliver the step's letters, or all letters if no step is named; only these ids, if given.

        Returns how many were sent.
        """
        return sum(self._redrive_step(name, ids) for name in self._steps if step in (None, name))

    def _redrive_step(self, step: str, ids: Collection[str] | None) -> int:
        queue = self._dead_letter_queue(step)
        if queue is None or not self._has_messages(queue):
            return 0
        target = self._queue_url(f"{self._prefix}{step}")
        if target is None:
            raise MissingError(f"there is no queue {self._prefix}{step} to send its dead letters to")
        sent: set[str] = set()
        unsent: list[Message] = []
        try:
            for batch in self._batches(queue):
                unsent += batch
                for message in batch:
                    if ids is not None and message["MessageId"] not in ids:
                        continue
                    body = digest_of(message["Body"].encode())
                    if body not in sent:
                        self._send(queue, target, message)
                        unsent.remove(message)
                        sent.add(body)
        finally:
            self._make_visible(queue, unsent)
        return len(sent)

    def _send(self, queue: str, target: str, message: Message) -> None:
        with service_call("SQS", "SendMessage"):
            self._sqs().send_message(QueueUrl=target, MessageBody=message["Body"])
        with service_call("SQS", "DeleteMessage"):
            self._sqs().delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])

    def _peek(self, queue: str) -> Sequence[Message]:
        """Every message in the queue. All are visible again afterwards, also after an error."""
        messages: list[Message] = []
        try:
            for batch in self._batches(queue):
                messages += batch
        finally:
            self._make_visible(queue, messages)
        return messages

    def _dead_letter_queue(self, step: str) -> str | None:
        """The URL of the step's dead-letter queue, or None if there is none."""
        return self._queue_url(f"{self._prefix}{step}-dead")

    def _has_messages(self, queue: str) -> bool:
        with service_call("SQS", "GetQueueAttributes"):
            answer = self._sqs().get_queue_attributes(QueueUrl=queue, AttributeNames=["ApproximateNumberOfMessages"])
        return int(answer["Attributes"]["ApproximateNumberOfMessages"]) > 0

    def _queue_url(self, name: str) -> str | None:
        try:
            with service_call("SQS", "GetQueueUrl"):
                return str(self._sqs().get_queue_url(QueueName=name)["QueueUrl"])
        except ServiceError as error:
            if code_of(error.__cause__) in _MISSING:
                return None
            raise

    def _batches(self, queue: str) -> Iterator[Sequence[Message]]:
        """Every message, hidden from other receivers for a while, until SQS returns none that is new.

        Over a slow link, the first messages become visible again before the last ones arrive.
        """
        received: set[str] = set()
        while True:
            with service_call("SQS", "ReceiveMessage"):
                answer = self._sqs().receive_message(
                    QueueUrl=queue,
                    MaxNumberOfMessages=_BATCH,
                    VisibilityTimeout=_HIDDEN_SECONDS,
                    WaitTimeSeconds=self._seconds,
                    MessageSystemAttributeNames=["SentTimestamp", "ApproximateReceiveCount"],
                    MessageAttributeNames=list(_REASONS),
                )
            messages = [message for message in answer.get("Messages", ()) if message["MessageId"] not in received]
            if not messages:
                return
            received |= {message["MessageId"] for message in messages}
            yield messages

    def _make_visible(self, queue: str, messages: Sequence[Message]) -> None:
        """Make the messages visible again at once."""
        for start in range(0, len(messages), _BATCH):
            entries = [
                {"Id": str(number), "ReceiptHandle": message["ReceiptHandle"], "VisibilityTimeout": 0}
                for number, message in enumerate(messages[start : start + _BATCH])
            ]
            with service_call("SQS", "ChangeMessageVisibility"):
                self._sqs().change_message_visibility_batch(QueueUrl=queue, Entries=entries)


def _letter(step: str, message: Message) -> DeadLetter:
    attributes = message["Attributes"]
    at = instant.normalise(int(attributes["SentTimestamp"])) or ""
    reasons = message.get("MessageAttributes", {})
    return DeadLetter(
        id=message["MessageId"],
        step=step,
        event=event_in(message["Body"].encode(), message["MessageId"], at),
        failure=": ".join(reasons[name]["StringValue"] for name in _REASONS if name in reasons),
        attempts=int(attributes["ApproximateReceiveCount"]),
        at=at,
    )
