# SPDX-License-Identifier: Apache-2.0
"""What do a million runs of a function cost at AWS's list prices?

List prices of us-east-1 without the free tier, as of November 2026. Sources: aws.amazon.com/s3/pricing,
/eventbridge/pricing, /sqs/pricing, /lambda/pricing (x86). The Hub's and SageMaker's control calls cost nothing.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

from bench.ledger import Call
from bench.processes import ROOT

S3_CLASS_A: Final = 5.00
"""Dollars for a million PUT or LIST requests; the other request prices are per million, too."""
S3_CLASS_B: Final = 0.40
EVENTBRIDGE_EVENTS: Final = 1.00
SQS_REQUESTS: Final = 0.40
LAMBDA_REQUESTS: Final = 0.20
LAMBDA_GB_SECOND: Final = 0.0000166667
"""Price of one GB-second, not of a million."""

PER_OPERATION: Final[Mapping[str, float]] = {
    "PutObject": S3_CLASS_A,
    "ListObjectsV2": S3_CLASS_A,
    "GetObject": S3_CLASS_B,
    "HeadObject": S3_CLASS_B,
}
SECONDS: Final[Mapping[str, float]] = {
    "store": 0.020,
    "artifacts": 0.020,
    "bus": 0.015,
    "traffic": 0.100,
    "trainer": 0.100,
    "alarms": 0.100,
    "registry": 0.200,
}
"""Assumed seconds of one operation of a port, since waiting is billed, too."""
POLLS: Final = 3
"""Requests to SQS per message: send, receive, delete. The scheduler invokes without a queue."""


def dollars(function: str, heard: str, calls: Sequence[Call]) -> float:
    """Dollars for a million such runs: their requests, with artifacts, and their waiting, but not their CPU time."""
    operations = sum(PER_OPERATION.get(one, 0.0) for call in calls for one in call.operations)
    announced = EVENTBRIDGE_EVENTS * sum(call.events for call in calls)
    queue = 0.0 if heard == "lambda:scheduler" else POLLS * SQS_REQUESTS
    waited = sum(SECONDS[call.port] * len(call.operations) for call in calls)
    running = 1e6 * LAMBDA_GB_SECOND * waited * _gigabytes(function)
    return operations + announced + queue + LAMBDA_REQUESTS + running


def _gigabytes(function: str) -> float:
    """The deployed function's memory."""
    deployed: Mapping[str, Any] = json.loads((ROOT / "infra" / "steps.json").read_bytes())
    return float(deployed[function]["memory"]) / 1024
