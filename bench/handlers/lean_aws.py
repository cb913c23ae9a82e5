# SPDX-License-Identifier: Apache-2.0
"""The minimum for an AWS function of this kind: Logger, Batch, and one request with each client in LEAN_CLIENTS."""

import os
from typing import Any

import boto3
from aws_lambda_powertools.logging import Logger
from aws_lambda_powertools.utilities.batch import BatchProcessor, EventType, process_partial_response
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord

logger = Logger(service="lean")
processor = BatchProcessor(event_type=EventType.SQS)
clients = {name: boto3.client(name) for name in os.environ["LEAN_CLIENTS"].split()}


@logger.inject_lambda_context
def handler(event: dict[str, Any], context: Any) -> Any:
    return process_partial_response(event=event, record_handler=_record, processor=processor, context=context)


def _record(record: SQSRecord) -> None:
    del record
    ask()


def ask() -> None:
    """Make one request with each client."""
    if "s3" in clients:
        clients["s3"].list_objects_v2(Bucket=os.environ["LEAN_BUCKET"], Prefix="home/documents/policies/")
    if "events" in clients:
        entry = {"Source": "lean", "DetailType": "lean", "Detail": "{}", "EventBusName": os.environ["LEAN_BUS"]}
        clients["events"].put_events(Entries=[entry])
