# SPDX-License-Identifier: Apache-2.0
"""Does a message pass a subscription's filter?

The language: `attributes.k = "v"`, `attributes.k != "v"`, `attributes:k`, `hasPrefix(attributes.k, "v")`, NOT or `-`,
AND and OR with parentheses if both are mixed. https://cloud.google.com/pubsub/docs/subscription-message-filter
"""

import re
from collections.abc import Callable, Mapping, Sequence

Filter = Callable[[Mapping[str, str]], bool]

_KEY = r'(?:"(?:[^"\\]|\\.)*"|[A-Za-z_][\w-]*)'
_TEXT = r'"(?:[^"\\]|\\.)*"'
_TERM = re.compile(
    rf"hasPrefix\s*\(\s*attributes\.(?P<prefixed>{_KEY})\s*,\s*(?P<prefix>{_TEXT})\s*\)"
    rf"|attributes\s*:\s*(?P<there>{_KEY})"
    rf"|attributes\.(?P<key>{_KEY})\s*(?P<compare>!?=)\s*(?P<value>{_TEXT})"
)
_WORD = re.compile(r"AND\b|OR\b|NOT\b|[()-]")


class FilterError(ValueError):
    """The text is not a filter."""


def parse(text: str) -> Filter:
    """Parse a filter; an empty text passes everything.

    Raises:
        FilterError: The text is not a filter.
    """
    if not text.strip():
        return lambda _: True
    reader = _Reader(_tokens(text))
    found = reader.either()
    if reader.left:
        raise FilterError(f"{text!r} has something left after its end")
    return found


def _tokens(text: str) -> list[str | Filter]:
    tokens: list[str | Filter] = []
    place = 0
    while place < len(text):
        if text[place].isspace():
            place += 1
        elif match := _TERM.match(text, place):
            tokens.append(_term(match))
            place = match.end()
        elif word := _WORD.match(text, place):
            tokens.append("NOT" if word[0] == "-" else word[0])
            place = word.end()
        else:
            raise FilterError(f"{text!r} cannot be read from character {place} on")
    return tokens


def _term(match: re.Match[str]) -> Filter:
    if match["there"]:
        name = _plain(match["there"])
        return lambda attributes: name in attributes
    if match["prefixed"]:
        name, start = _plain(match["prefixed"]), _plain(match["prefix"])
        return lambda attributes: name in attributes and attributes[name].startswith(start)
    name, value, equal = _plain(match["key"]), _plain(match["value"]), match["compare"] == "="
    return lambda attributes: name in attributes and (attributes[name] == value) is equal


def _plain(text: str) -> str:
    return re.sub(r"\\(.)", r"\1", text[1:-1]) if text.startswith('"') else text


class _Reader:
    """Recursive descent over the tokens."""

    def __init__(self, tokens: Sequence[str | Filter]) -> None:
        self.left = list(tokens)

    def either(self) -> Filter:
        parts, words = [self.one()], set()
        while self.left and self.left[0] in {"AND", "OR"}:
            words.add(self.left.pop(0))
            parts.append(self.one())
        if len(words) > 1:
            raise FilterError("AND and OR stand beside each other; put parentheses around one of them")
        together = any if "OR" in words else all
        return lambda attributes: together(part(attributes) for part in parts)

    def one(self) -> Filter:
        token = self.left.pop(0) if self.left else ""
        if callable(token):
            return token
        if token == "NOT":  # noqa: S105 - a word of the language
            denied = self.one()
            return lambda attributes: not denied(attributes)
        if token != "(":  # noqa: S105 - the same
            raise FilterError(f"a condition is missing before {token or 'the end'!r}")
        inner = self.either()
        if not self.left or self.left.pop(0) != ")":
            raise FilterError("a parenthesis is not closed")
        return inner
