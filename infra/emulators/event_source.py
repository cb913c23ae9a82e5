# SPDX-License-Identifier: Apache-2.0
"""How does a queue invoke a function on this machine? As Lambda's pollers do, but only on request."""

import logging
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from infra.emulators.lambda_service import FailedError, Payload

_BATCH: Final = 10
"""Most messages per invocation."""

log = logging.getLogger("lambda")


class EventSource:
    """A queue that invokes a function, as Lambda's pollers do: messages that are not given back are deleted."""

    def __init__(self, sqs: Any, queue: str, arn: str, invoke: Callable[[Payload], Any]) -> None:
        self._sqs = sqs
        self._queue = queue
        self._arn = arn
        self._invoke = invoke

    def poll(self) -> int:
        """Invoke once; the number of messages taken from the queue. Failed messages are visible again at once."""
        found = self._sqs.receive_message(
            QueueUrl=self._queue, MaxNumberOfMessages=_BATCH, AttributeNames=["All"], WaitTimeSeconds=0
        ).get("Messages", [])
        if not found:
            return 0
        failed = self._failed([self._record(message) for message in found])
        for message in found:
            if message["MessageId"] in failed:
                self._sqs.change_message_visibility(
                    QueueUrl=self._queue, ReceiptHandle=message["ReceiptHandle"], VisibilityTimeout=0
                )
            else:
                self._sqs.delete_message(QueueUrl=self._queue, ReceiptHandle=message["ReceiptHandle"])
        return len(found)

    def _failed(self, records: Sequence[Payload]) -> set[str]:
        try:
            answer = self._invoke({"Records": list(records)})
        except FailedError as error:
            log.warning("%s", error)
            return {record["messageId"] for record in records}
        return {one["itemIdentifier"] for one in (answer or {}).get("batchItemFailures", ())}

    def _record(self, message: Mapping[str, Any]) -> Payload:
        return {
            "messageId": message["MessageId"],
            "receiptHandle": message["ReceiptHandle"],
            "body": message["Body"],
            "attributes": message.get("Attributes", {}),
            "messageAttributes": {},
            "md5OfBody": message["MD5OfBody"],
            "eventSource": "aws:sqs",
            "eventSourceARN": self._arn,
            "awsRegion": self._arn.split(":")[3],
        }
