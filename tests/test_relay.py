# SPDX-License-Identifier: Apache-2.0
"""A cloud that is not home keeps nothing, so what it does not pass on is lost: each record of a batch is passed on."""

import json
from dataclasses import dataclass, field

import pytest

from federation.core import event as events
from federation.demo import wire_aws
from federation.demo.trust import ACCOUNT, REGION, TRUST
from federation.errors import ServiceError
from federation.relay import relay
from federation.sources import Request, Trust

NOW = "2026-11-24T14:04:41Z"


@dataclass
class Bus:
    """Home's bus, as far as a relay knows it."""

    heard: list = field(default_factory=list)
    is_down: bool = False

    def announce(self, told):
        if self.is_down:
            raise ServiceError("the bus is down")
        self.heard.extend(told)


def queued(*bodies):
    """What an SQS queue hands over: records that EventBridge, or anybody, put into it."""
    records = [
        {
            "messageId": str(number),
            "eventSource": "aws:sqs",
            "eventSourceARN": f"arn:aws:sqs:{REGION}:{ACCOUNT}:arrivals",
            "body": body.decode(),
        }
        for number, body in enumerate(bodies)
    ]
    return Request(entry="lambda:sqs", body=json.dumps({"Records": records}).encode())


ALARM = wire_aws.alarm(NOW, about="2026-11-24T14:04:40Z").body
JOB = wire_aws.training_job("embedder-1", "s3://spiralverse-artifacts/models/embedder-1/model.tar.gz", NOW).body


def test_every_record_of_a_batch_is_passed_on_and_what_nobody_can_read_stops_none(caplog):
    bus = Bus()
    reading = relay(queued(JOB, b"no letter", ALARM), Trust.read(TRUST), bus, NOW)
    assert [event.type for event in bus.heard] == [events.ARTIFACT_COMPLETED, events.SLO_BREACHED]
    assert [one.verdict for one in reading.batch] == ["accept", "reject", "ignore"]
    (line,) = caplog.messages
    assert line.startswith("rejected as ")


def test_one_that_is_told_of_alone_is_passed_on_too():
    bus = Bus()
    relay(wire_aws.alarm(NOW, about="2026-11-24T14:04:40Z"), Trust.read(TRUST), bus, NOW)
    assert [event.type for event in bus.heard] == [events.SLO_BREACHED]


def test_the_log_has_a_line_for_each_record_with_an_effect_or_a_fault(caplog):
    caplog.set_level("INFO", "federation")
    relay(queued(JOB, b"no letter", ALARM), Trust.read(TRUST), Bus(), NOW)
    assert [(line.levelname, line.verdict, line.message_id) for line in caplog.records] == [
        ("INFO", "accept", "0"),
        ("WARNING", "reject", "1"),
        ("INFO", "ignore", "2"),
    ]


def test_where_home_does_not_hear_the_sender_has_to_tell_it_again():
    with pytest.raises(ServiceError, match="the bus is down"):
        relay(queued(ALARM), Trust.read(TRUST), Bus(is_down=True), NOW)
