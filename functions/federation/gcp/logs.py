# SPDX-License-Identifier: Apache-2.0
"""Log lines for Cloud Logging: one JSON object each, with severity, message and the record's extra fields.

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
    """Write the logs of `federation` from this level up to standard error, one line a record. Safe to call again.

    So are the warnings and errors of everything else: Flask would write an exception as text of many lines, without a
    severity, unless the root logger has a handler.
    """
    handler = logging.StreamHandler()
    handler.setFormatter(CloudLoggingFormatter())
    logger = logging.getLogger("federation")
    for holder in (logger, logging.getLogger()):
        holder.handlers = [*(existing for existing in holder.handlers if not _is_ours(existing)), handler]
    logger.setLevel(level.upper())
    logger.propagate = False


def _is_ours(handler: logging.Handler) -> bool:
    return isinstance(handler.formatter, CloudLoggingFormatter)
