# SPDX-License-Identifier: Apache-2.0
"""What does ordinary written English look like, unlike any utterance? Paragraphs from scikit-learn and statsmodels.

Perplexity is measured on them: a model that was tuned on commands must not forget the language.
"""

import re
from collections import defaultdict
from collections.abc import Iterator
from typing import Final

from training_images.data.near import LEAST_LONG, distinct, pairs
from training_images.data.rows import Row, short
from training_images.data.wheels import Wheel

LICENCE: Final = "BSD-3-Clause (scikit-learn, statsmodels)"
_FILES: Final = r"sklearn/datasets/descr/\w+\.rst$|statsmodels/(datasets/\w+/data|[\w/]+)\.py$"
_PARAGRAPH: Final = re.compile(r"\n\s*\n")
_LEAST: Final = 200
_MOST: Final = 700
_LETTERS: Final = 0.76
"""Least share of small letters in a paragraph; it keeps out tables, formulas, code and reference lists."""
_CODE: Final = re.compile(r"[=_<>{}\\|]|\b(def|return|import|self|None|True|False)\b|::|\*\*|`")


def paragraphs(*wheels: Wheel) -> list[Row]:
    """Distinct paragraphs; the cluster is the file that contains the paragraph."""
    rows = distinct(row for wheel in wheels for row in _paragraphs(wheel))
    alike: dict[str, set[str]] = defaultdict(set)
    for pair in pairs(rows, rows, LEAST_LONG):
        alike[pair.right].add(pair.left)
    kept: dict[str, Row] = {}
    for row in rows:
        if not alike[row.id] & kept.keys():
            kept[row.id] = row
    return list(kept.values())


def _paragraphs(wheel: Wheel) -> Iterator[Row]:
    for member, content in wheel.members(_FILES):
        text = content.decode("utf-8", errors="replace")
        parts = _PARAGRAPH.split(text)
        for part in parts:
            plain = " ".join(part.replace('"""', " ").split())
            if _LEAST <= len(plain) <= _MOST and _is_prose(plain):
                yield Row(
                    id=f"prose-{short('prose', plain)}",
                    text=plain,
                    label="",
                    cluster=member,
                    category=member.split("/")[0],
                )


def _is_prose(text: str) -> bool:
    letters = sum(character.islower() for character in text)
    return letters / len(text) >= _LETTERS and not _CODE.search(text) and text.rstrip().endswith(".")
