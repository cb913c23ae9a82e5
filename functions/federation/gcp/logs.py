# SPDX-License-Identifier: Apache-2.0
"""What does a log line for Cloud Logging look like? One JSON object with severity, message and the record's extra fields.

https://cloud.google.com/logging/docs/structured-logging
"""

import json
import logging
import traceback
from typing import Final

import msgspec

_OWN: Final = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime"}


class CloudLoggingFormatter(logging.Formatter):
    """One JSON object for each record."""

    def format(self, record: logging.LogRecord) -> str:
        """The record's line."""
        line = {name: value for name, value in vars(record).items() if name not in _OWN}
        line |= {"severity": record.levelname, "message": record.getMessage()}
        if record.exc_info:
            line["stack_trace"] = "".join(traceback.format_exception(*record.exc_info))
        try:
            return msgspec.json.encode(line, enc_hook=str).decode()
        except UnicodeEncodeError:  # a lone surrogate, in quoted input
            return json.dumps(line, default=str)


def configure(level: str) -> None:
    """Write what `federation` logs at this level or above to standard error, one line a record; safe to call again."""
    handler = logging.StreamHandler()
    handler.setFormatter(CloudLoggingFormatter())
    logger = logging.getLogger("federation")
    logger.handlers = [*(one for one in logger.handlers if not _is_ours(one)), handler]
    logger.setLevel(level.upper())
    logger.propagate = False


def _is_ours(handler: logging.Handler) -> bool:
    return isinstance(handler.formatter, CloudLoggingFormatter)
