# SPDX-License-Identifier: Apache-2.0
"""When is a message delivered again after a function failed? After seconds at first, then later each time.

Otherwise SQS delivers it again only after the queue's visibility timeout, which is six times as long as the function
may run: an hour, though a lost race needs only a second.
"""

import logging
from collections.abc import Callable, Mapping
from typing import Any, Final

from federation.aws.calls import service_call
from federation.errors import ServiceError

log = logging.getLogger("federation")

_FIRST_SECONDS: Final = 5
_LONGEST_SECONDS: Final = 300
_PARTS_OF_ARN: Final = 6


class SqsRedelivery:
    """Shortens the visibility timeout of messages whose function failed."""

    def __init__(self, sqs: Callable[[], Any]) -> None:
        self._sqs = sqs

    def hasten(self, record: Mapping[str, Any]) -> None:
        """Make the message visible after a few seconds, twice as many each time. If SQS refuses, its own timeout applies.

        Args:
            record: As Lambda hands it to a function:
                https://docs.aws.amazon.com/lambda/latest/dg/with-sqs.html
        """
        arn = str(record.get("eventSourceARN")).split(":")
        if len(arn) != _PARTS_OF_ARN or "receiptHandle" not in record:
            return
        attempts = _attempts(record.get("attributes"))
        seconds = min(_FIRST_SECONDS * 2 ** min(attempts - 1, 10), _LONGEST_SECONDS)
        try:
            with service_call("SQS", "ChangeMessageVisibility"):
                sqs = self._sqs()
                account, queue = arn[4:]
                sqs.change_message_visibility(
                    QueueUrl=f"{sqs.meta.endpoint_url}/{account}/{queue}",
                    ReceiptHandle=record["receiptHandle"],
                    VisibilityTimeout=seconds,
                )
        except ServiceError as error:
            log.warning("a message that failed waits for its queue's visibility timeout: %s", error)


def _attempts(attributes: Any) -> int:
    """How often the message was delivered; 1 if the record does not say."""
    count = str(attributes.get("ApproximateReceiveCount")) if isinstance(attributes, Mapping) else ""
    return int(count) if count.isascii() and count.isdigit() else 1
