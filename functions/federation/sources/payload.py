# SPDX-License-Identifier: Apache-2.0
"""Which of AWS's forms does a queue's or a topic's message carry?

With raw delivery one layer vanishes, so the form is told by what is in it. A notification of SNS is not among them: it
is a carrier itself, opened by `sqs`.
"""

from federation.core.strict_json import Parsed
from federation.sources import cloudwatch, eventbridge, s3, schedule
from federation.sources.body import no_duplicates, object_of
from federation.sources.reading import Reading, UnreadableError
from federation.sources.trust import Trust


def read_payload(parsed: Parsed, trust: Trust) -> Reading:
    """What the message means.

    Raises:
        UnreadableError: `not_an_object`, `duplicate_key`, `not_an_event`, and those of the form.
    """
    body = object_of(parsed.value)
    if "detail-type" in body or "detail" in body:
        return eventbridge.read_parsed(parsed, trust)
    no_duplicates(parsed)
    if "AlarmArn" in body:
        return cloudwatch.read_message(body, trust)
    if "alarmArn" in body:
        return cloudwatch.read_action_body(body, trust)
    if "Records" in body or "Event" in body:
        return s3.read_records(body, trust)
    if "kind" in body and "schedule" in body:
        return schedule.read_input_body(body, trust)
    raise UnreadableError("not_an_event", "The message has none of the forms that AWS sends.")
