# SPDX-License-Identifier: Apache-2.0
"""Which characters of what others wrote reach a terminal as they are?

A platform's manifest, an alarm's labels and a job's last words are printed here. A terminal obeys some characters instead of
showing them: it clears the screen, turns a line around, hides a name. Those are shown by their numbers.
"""

import json
import re
from typing import Final

_OBEYED: Final = (  # compiled when first needed, since most texts are printable as they are
    "[\x00-\x08\x0b-\x1f\x7f-\x9f"  # control characters but tab and line feed
    "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"  # directions of writing
    "\xad\u180e\u200b-\u200d\u2060-\u2065\u206a-\u206f\ufeff\ufff9-\ufffb\U000e0000-\U000e007f"  # without any width
    "\u2028\u2029\ud800-\udfff]"  # line ends for some, and halves of characters
)


def visible(text: str) -> str:
    """A text for one line: what a terminal would obey is shown by its number, and a line feed or a tab is a space."""
    line = text.replace("\n", " ").replace("\t", " ")
    return line if line.isprintable() else re.sub(_OBEYED, _numbered, line)


def visible_lines(text: str) -> str:
    """A text whose line ends are ours."""
    return "\n".join(map(visible, text.split("\n")))


def visible_json(text: str) -> str:
    """The same JSON, with what a terminal would obey as escapes of JSON."""
    return re.sub(_OBEYED, lambda found: json.dumps(found[0])[1:-1], text)


def _numbered(found: re.Match[str]) -> str:
    return found[0].encode("unicode_escape").decode()
