# SPDX-License-Identifier: Apache-2.0
"""What most people write: all of Powertools, boto3 for S3 and DynamoDB, jsonschema and pydantic; one request to S3.

As on Lambda, the Tracer traces boto3's calls, and nothing else that happens to be installed where this is measured. It
sends to a daemon that does not exist.
"""

import os
from typing import Any

import boto3
import jsonschema
from aws_lambda_powertools import Logger, Metrics, Tracer
from aws_lambda_powertools.utilities.batch import BatchProcessor, EventType, process_partial_response
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord
from aws_lambda_powertools.utilities.idempotency import DynamoDBPersistenceLayer, IdempotencyConfig
from aws_lambda_powertools.utilities.parser.models import EventBridgeModel, SqsModel
from pydantic import BaseModel


class File(BaseModel):
    path: str
    sha256: str
    bytes: int


class Unit(BaseModel):
    name: str
    kind: str
    files: list[File]


class Manifest(BaseModel):
    platform: str
    units: list[Unit]


logger = Logger(service="typical")
tracer = Tracer(service="typical", patch_modules=("botocore",))
metrics = Metrics(namespace="typical", service="typical")
processor = BatchProcessor(event_type=EventType.SQS)
s3, dynamodb = boto3.client("s3"), boto3.client("dynamodb")
layer = DynamoDBPersistenceLayer(table_name="idempotency", boto3_client=dynamodb)
config = IdempotencyConfig(expires_after_seconds=3600)
validator = jsonschema.Draft202012Validator({"type": "object"})
models = (EventBridgeModel, SqsModel, Manifest)


@tracer.capture_lambda_handler
@logger.inject_lambda_context
def handler(event: dict[str, Any], context: Any) -> Any:
    return process_partial_response(event=event, record_handler=_record, processor=processor, context=context)


def _record(record: SQSRecord) -> None:
    validator.validate({"body": record.body})
    ask()


def ask() -> None:
    """Make one request to the store."""
    s3.list_objects_v2(Bucket=os.environ["LEAN_BUCKET"], Prefix="home/documents/policies/")
