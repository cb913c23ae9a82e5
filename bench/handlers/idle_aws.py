# SPDX-License-Identifier: Apache-2.0
"""A handler with Powertools' Logger and Batch that does nothing, and one that only writes a line."""

from typing import Any

from aws_lambda_powertools.logging import Logger
from aws_lambda_powertools.utilities.batch import BatchProcessor, EventType, process_partial_response
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord

logger = Logger(service="idle")
processor = BatchProcessor(event_type=EventType.SQS)


@logger.inject_lambda_context
def handler(event: dict[str, Any], context: Any) -> Any:
    return process_partial_response(event=event, record_handler=_record, processor=processor, context=context)


def _record(record: SQSRecord) -> None:
    del record


@logger.inject_lambda_context
def telling(event: dict[str, Any], context: Any) -> Any:
    return process_partial_response(event=event, record_handler=_told, processor=processor, context=context)


def _told(record: SQSRecord) -> None:
    logger.info("one line for %s", record.message_id)
