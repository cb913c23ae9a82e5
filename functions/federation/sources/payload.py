# SPDX-License-Identifier: Apache-2.0
"""Which of AWS's forms does a message from a queue or a topic have?

With raw delivery one layer is missing, so the form is recognised by its content. An SNS notification is not one of the
forms: it is a carrier, which `sqs` opens.
"""

from typing import Final

from federation.core.strict_json import Parsed
from federation.sources import cloudwatch, eventbridge, s3, schedule
from federation.sources.arn import Arn
from federation.sources.body import no_duplicates, object_of
from federation.sources.reading import Reading, UnreadableError, ignored, quoted
from federation.sources.trust import Trust

_SIGNED_BY: Final = ("eventSource", "Event Source", "Service")
"""Members in which SageMaker's asynchronous endpoints, the databases and EC2 Auto Scaling name themselves."""


def read_payload(parsed: Parsed, trust: Trust, topic: Arn | None = None) -> Reading:
    """The reading of the message. A message in which another AWS service names itself is ignored.

    Args:
        parsed: The message.
        trust: Who is trusted.
        topic: The topic it came through, if any.

    Raises:
        UnreadableError: `not_an_object`, `duplicate_key`, `not_an_event`, and those of the form.
    """
    body = object_of(parsed.value)
    if "detail-type" in body or "detail" in body:
        return eventbridge.read_parsed(parsed, trust)
    no_duplicates(parsed)
    if "AlarmArn" in body or "NewStateValue" in body:
        return cloudwatch.read_message(body, trust, topic)
    if "alarmArn" in body:
        return cloudwatch.read_action_body(body, trust)
    if "Records" in body or body.get("Event") == "s3:TestEvent":
        return s3.read_records(body, trust)
    if "kind" in body and "schedule" in body:
        return schedule.read_input_body(body, trust)
    service = next((body[key] for key in _SIGNED_BY if isinstance(body.get(key), str)), None)
    if service is not None:
        return ignored(f"The message is from {quoted(service)}; messages of this service are not read.")
    raise UnreadableError(
        "not_an_event",
        "The message is not an EventBridge event, an alarm, S3 records or a schedule's Input. Check what sends it.",
    )
