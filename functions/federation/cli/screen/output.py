# SPDX-License-Identifier: Apache-2.0
"""Prints answers on a screen or into a pipe.

A screen gets tables in colour, a pipe gets the same words aligned; JSON is the same everywhere. Control characters are
made visible: see cli/screen/visible.py.
"""

import json
import re
import shutil
import sys
import textwrap
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import compress
from typing import Any, Final, TextIO

from federation.cli.screen.ready_commands import NO_BREAK, ready_to_paste, unbroken, with_folder
from federation.cli.screen.visible import visible, visible_json
from federation.core import instant
from federation.core.number_text import counted

DIGITS: Final = 12
"""Digits of a digest shown to people; JSON has all of them."""

_INSTANT: Final = re.compile(r"\b(\d{4}-\d\d-\d\d)T(\d\d:\d\d:\d\d)(?:\.\d+)?Z")
_DIGEST: Final = re.compile(r"\b(?:sha256:)?([0-9a-f]{64})\b")
_ALARM: Final = re.compile(r"\barn:aws[a-z-]*:cloudwatch:[a-z0-9-]+:\d+:alarm:")
_GAP: Final = "  "
_UNITS: Final = {"days": 86_400, "hours": 3_600, "minutes": 60}
_LAST_COLUMN: Final = 24
"""Least width of the last column of a table, in characters."""
_NAME: Final = 48
"""Characters up to which a word in the last column, such as a unit's name, is not broken."""
_COLOURS: Final = {
    "pass": "green",
    "passed": "green",
    "serving": "bold green",
    "warm": "cyan",
    "fail": "bold red",
    "refused": "bold red",
    "rejected": "bold red",
    "quarantined": "bold red",
    "rolled back": "bold red",
    "inconclusive": "yellow",
    "waiting": "yellow",
    "held": "yellow",
}


def print_json(value: Any) -> None:
    """Print one JSON value, indented."""
    print(as_text(value, indent=2))


def as_text(value: Any, *, indent: int | None = None) -> str:
    """One value as JSON; escaped to ASCII unless stdout takes all of Unicode."""
    unicode = (sys.stdout.encoding or "").lower().replace("-", "").startswith("utf")
    return visible_json(json.dumps(value, indent=indent, ensure_ascii=not unicode))


def print_line(line: str, *, to: TextIO | None = None) -> None:
    """Print one line, not wrapped, on stdout unless `to` is another stream."""
    print(visible(with_folder(line)), file=to)


def print_table(title: str, columns: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Print a titled table without its empty columns; nothing if there are no rows."""
    visible_rows = [tuple(map(visible, row)) for row in rows]
    filled = [any(visible_rows) for visible_rows in zip(*visible_rows, strict=True)]
    kept, columns = [tuple(compress(row, filled)) for row in visible_rows], tuple(compress(columns, filled))
    if not kept:
        return
    title = visible(title)
    if not sys.stdout.isatty():
        _print_plain_table(title, columns, kept)
    elif _is_narrow(columns, kept):
        _print_as_list(title, columns, kept)
    else:
        _print_rich_table(title, columns, kept)


def print_answer(sentence: str, lines: Iterable[str] = ()) -> None:
    """Print the sentence that answers the command, and the lines that belong to it; called first."""
    print(wrapped(sentence, indent=0))
    for line in lines:
        print(wrapped(line, indent=2))


def print_section(sentence: str, lines: Iterable[str] = ()) -> None:
    """As `print_answer`, after a blank line."""
    print()
    print_answer(sentence, lines)


def print_ways(title: str, lines: Iterable[str]) -> None:
    """Print a titled list of sentences with commands, each as it has to be typed here; nothing if there are no lines."""
    print_lines(ready_to_paste(title), map(ready_to_paste, lines))


def print_hint(sentence: str) -> None:
    """Print a sentence with a command, after a blank line."""
    print_section(ready_to_paste(sentence))


def print_lines(title: str, lines: Iterable[str]) -> None:
    """Print a titled list; nothing if there are no lines."""
    entries = list(lines)
    if entries:
        print_section(title, entries)


def wrapped(line: str, *, indent: int) -> str:
    """The line, indented and wrapped to the terminal's width; not wrapped for a pipe."""
    margin = " " * indent
    line = visible(with_folder(line))
    if not sys.stdout.isatty():
        return f"{margin}{line}"
    inner = indent + len(line) - len(line.lstrip()) + 2
    return _fold(f"{margin}{line}", inner=inner)


@contextmanager
def working(what: str, *, wanted: bool = True) -> Iterator[Callable[[str], object]]:
    """Show a spinner with the text `what` on stderr, if that is a terminal; yields a function that changes the text."""
    if not (wanted and sys.stderr.isatty()):
        yield lambda _: None
        return
    from rich.console import Console

    with Console(stderr=True).status(what) as status:
        yield status.update


def short(digest: str) -> str:
    """The first digits of a digest."""
    return digest.removeprefix("sha256:")[:DIGITS]


def shortened(name: str) -> str:
    """A document's name with each digest cut to its first digits."""
    return re.sub(r"[0-9a-f]{40,64}", lambda digits: f"{digits[0][:DIGITS]}..", name)


def readable(text: str) -> str:
    """A stored sentence for people: times as `when` writes them, digests cut, and an alarm without the rest of its ARN."""
    return _ALARM.sub("", _DIGEST.sub(lambda digest: digest[1][:DIGITS], timed(text)))


def timed(text: str) -> str:
    """The text with every time as `when` writes it."""
    return _INSTANT.sub(lambda instant: f"{instant[1]} {instant[2]}Z", text)


def when(time: str | None) -> str:
    """A time to the second, as a table shows it; "never" for none."""
    return f"{time[:10]} {time[11:19]}Z" if time else "never"


def elapsed(since: str, until: str) -> str:
    """The elapsed time, as in `, for 12 minutes`; "" if `until` is before `since`."""
    seconds = int((instant.moment(until) - instant.moment(since)).total_seconds())
    for unit, length in _UNITS.items():
        if seconds >= 2 * length:
            return f", for {seconds // length} {unit}"
    return f", for {counted(seconds, 'second')}" if seconds >= 0 else ""


def _print_plain_table(title: str, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    widths = _widths(columns, rows)
    print(f"\n{title}")
    for row in (columns, *rows):
        print("  " + "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())


def _fold(line: str, *, inner: int) -> str:
    """The line folded to the terminal's width, without breaking a word or command; the rest is indented by `inner`."""
    width = max(shutil.get_terminal_size().columns, inner + 40)
    text = line.lstrip()
    folded = textwrap.fill(
        unbroken(text),
        width,
        initial_indent=line.removesuffix(text),
        subsequent_indent=" " * inner,
        break_long_words=False,
        break_on_hyphens=False,
    )
    return folded.replace(NO_BREAK, " ")


def _is_narrow(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> bool:
    """Whether the terminal is too narrow for the table, even with its last column folded."""
    *others, last = _widths(columns, rows)
    words = (len(word) for row in rows for word in row[-1].split())
    least = max(_LAST_COLUMN, *(length for length in words if length <= _NAME), 0)
    return sum(others) + len(_GAP) * len(others) + min(last, least) > shutil.get_terminal_size().columns


def _widths(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> list[int]:
    return [max(map(len, column)) for column in zip(columns, *rows, strict=True)]


def _print_as_list(title: str, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    print(f"\n{title}")
    width = max(map(len, columns))
    for row in rows:
        pairs = ((column, cell) for column, cell in zip(columns, row, strict=True) if cell)
        for number, (column, cell) in enumerate(pairs):
            print(_fold(f"{' ' if number else '-'} {column.ljust(width)}{_GAP}{cell}", inner=width + 4))


def _print_rich_table(title: str, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    *others, last = _widths(columns, rows)
    console = Console()
    left = console.width - sum(others) - len(_GAP) * len(others)
    table = Table(title=title, title_justify="left", box=None, header_style="dim", pad_edge=False)
    for column, width in zip(columns, (*others, min(last, left)), strict=True):
        # Without fixed widths Rich takes space from the other columns, and then cuts what does not fit.
        table.add_column(column, overflow="fold", width=width)
    for row in rows:
        table.add_row(*(Text(cell, style=_COLOURS.get(cell, "")) for cell in row))
    console.print()
    console.print(table)
