# SPDX-License-Identifier: Apache-2.0
"""Replaces the characters that a terminal would obey instead of showing them.

We print what others wrote: a platform's manifest, an alarm's labels, a job's last message. Some characters in it could
clear the screen, reverse a line or hide a name. They are printed as their numbers.
"""

import json
import re
from typing import Final

_OBEYED: Final = (  # compiled when first needed, since most texts are printable as they are
    "[\x00-\x08\x0b-\x1f\x7f-\x9f"  # control characters but tab and line feed
    "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"  # directions of writing
    "\xad\u180e\u200b-\u200d\u2060-\u2065\u206a-\u206f\ufeff\ufff9-\ufffb\U000e0000-\U000e007f"  # of no width
    "\u2028\u2029\ud800-\udfff]"  # line ends for some, and halves of characters
)


def visible(text: str) -> str:
    """The text as one line: characters that a terminal would obey become numbers, line feeds and tabs become spaces."""
    line = text.replace("\n", " ").replace("\t", " ")
    return line if line.isprintable() else re.sub(_OBEYED, _by_number, line)


def visible_lines(text: str) -> str:
    """As `visible`, but line feeds stay: the text is ours as to its lines."""
    return "\n".join(map(visible, text.split("\n")))


def visible_json(text: str) -> str:
    """The same JSON, with JSON escapes for the characters that a terminal would obey."""
    return re.sub(_OBEYED, lambda match: json.dumps(match[0])[1:-1], text)


def _by_number(match: re.Match[str]) -> str:
    return match[0].encode("unicode_escape").decode()
