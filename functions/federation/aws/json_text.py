# SPDX-License-Identifier: Apache-2.0
"""How is a value of any origin written as JSON, even with half a surrogate pair in its text?"""

import json
import re
from typing import Any

import msgspec


def json_text(value: Any) -> str:
    """The value as JSON, in which half a surrogate pair stays an escape."""
    try:
        return msgspec.json.encode(value, enc_hook=str).decode()
    except UnicodeEncodeError:
        return json.dumps(value, default=str)


def json_of_batch(batch: Any) -> bytes:
    """A queue's records as JSON. Half a surrogate pair becomes an escape within its record, so it spoils no other one."""
    try:
        return msgspec.json.encode(batch, enc_hook=str)
    except UnicodeEncodeError:
        text = json.dumps(batch, ensure_ascii=False, default=str)
        return re.sub("[\ud800-\udfff]", lambda half: f"\\\\u{ord(half[0]):04x}", text).encode()
