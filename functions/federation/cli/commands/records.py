# SPDX-License-Identifier: Apache-2.0
"""`federation records`: which records do the results of an evaluation or load-test tool make?"""

import math
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from federation.cli.options import AsJson
from federation.cli.screen.output import print_json, print_line, print_section, print_table
from federation.core.number_text import number
from federation.errors import ContractError
from federation.harnesses.answer import File, Options
from federation.harnesses.records_file import RecordsFile, records_file
from federation.harnesses.tools import TOOLS, tool_of
from federation.local.files import bytes_of, write

_TABLE: Final = "table"
_FLAGS: Final[Mapping[str, str]] = {name: f"--{name.replace('_', '-')}" for name in Options.__struct_fields__}
"""The option of each field of `Options`."""


def records(
    results: Annotated[list[Path], typer.Argument(help="The tool's output files, from one run.", metavar="RESULT")],
    *,
    output: Annotated[Path, typer.Option(help="Where to write the records, JSON Lines.", metavar="FILE")],
    tool: Annotated[
        str | None,
        typer.Option(
            "--from", help=f"The tool, if it cannot be told from its files: {', '.join(TOOLS)}.", metavar="TOOL"
        ),
    ] = None,
    task: Annotated[
        list[str] | None,
        typer.Option(help="The task, or several that form one suite, such as 'mmlu_*'.", metavar="NAME"),
    ] = None,
    filter_: Annotated[str | None, typer.Option("--filter", help="The lm-eval filter.", metavar="NAME")] = None,
    provider: Annotated[str | None, typer.Option(help="The promptfoo provider.", metavar="NAME")] = None,
    prompt: Annotated[int | None, typer.Option(help="The promptfoo prompt.", metavar="NUMBER")] = None,
    run: Annotated[int | None, typer.Option(help="The run of a load test.", metavar="NUMBER")] = None,
    item: Annotated[
        str | None, typer.Option(help="For a table: the column with the item's id.", metavar="FIELD")
    ] = None,
    score: Annotated[
        list[str] | None,
        typer.Option(help="A metric to write, and its name in the results. Default: all.", metavar="NAME=FIELD"),
    ] = None,
    cluster: Annotated[
        str | None, typer.Option(help="The field that groups related items, such as doc.passage.", metavar="FIELD")
    ] = None,
    category: Annotated[
        str | None, typer.Option(help="The field with an item's category, such as metadata.topic.", metavar="FIELD")
    ] = None,
    worst: Annotated[
        list[str] | None,
        typer.Option(help="The score for an answer that has none because of an error.", metavar="METRIC=NUMBER"),
    ] = None,
    dollars_per_hour: Annotated[
        float | None, typer.Option(help="Price of the machine that the load test ran on.", metavar="N", min=0)
    ] = None,
    dollars_per_million: Annotated[
        str | None, typer.Option(help="Price of a million prompt tokens and a million answer tokens.", metavar="N,N")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Convert the output of an evaluation or load-test tool to records.

    Reads lm-evaluation-harness (samples_*.jsonl), Inspect (.json, .eval), promptfoo (-o out.json), trec_eval -q and
    ir_measures, vLLM bench (--save-detailed), GuideLLM (benchmarks.json), and CSV or JSON Lines whose columns you name.
    Nothing is guessed: if the files hold several tasks, filters, providers or runs, they are listed, with exit code 2.
    """
    if dollars_per_hour is not None and (dollars_per_million is not None or not math.isfinite(dollars_per_hour)):
        raise typer.BadParameter(
            "expected a finite number, and only one of the two prices", param_hint="--dollars-per-hour"
        )
    asked = Options(
        task=tuple(task or ()),
        filter=filter_,
        provider=provider,
        prompt=prompt,
        run=run,
        item=item,
        score=dict(_pair(text, "--score") for text in score or ()),
        cluster=cluster,
        category=category,
        worst={name: _number(text, "--worst") for name, text in (_pair(text, "--worst") for text in worst or ())},
        dollars_per_hour=dollars_per_hour,
        dollars_per_million=_prices(dollars_per_million),
    )
    if any(path.exists() and output.exists() and path.samefile(output) for path in results):
        raise typer.BadParameter(f"{output} is also an input file", param_hint="--output")
    files = [File(name=path.name, body=bytes_of(path)) for path in results]
    word = _word(files, asked, tool)
    _no_idle_option(asked, word)
    answer = TOOLS[word].read(files, asked)
    result = records_file(answer, asked)
    write(output, result.body)
    if as_json:
        print_json({"tool": TOOLS[word].name, "of": answer.description, "output": str(output), **_numbers(result)})
    else:
        _print(f"{TOOLS[word].name}: {answer.description}", result, output)


def _word(files: Sequence[File], asked: Options, stated: str | None) -> str:
    """The tool that wrote the files: the stated one, a table if columns are named, or the one that the content shows."""
    if stated is not None and stated not in TOOLS:
        raise typer.BadParameter(f"expected one of {', '.join(TOOLS)}", param_hint="--from")
    if stated is not None or asked.item is not None:
        return stated or _TABLE
    words = {tool_of(file): file.name for file in files}
    if len(words) > 1:
        tools = ", ".join(f"{name} is from {TOOLS[word].name}" for word, name in words.items())
        raise ContractError(f"the files come from different tools: {tools}", hint="Name the files of one run.")
    return next(iter(words))


def _no_idle_option(asked: Options, word: str) -> None:
    """Raise if an option was typed that has no effect for this tool."""
    for name, flag in _FLAGS.items():
        if getattr(asked, name) != getattr(Options(), name) and name not in TOOLS[word].options:
            raise typer.BadParameter(f"has no effect on results of {TOOLS[word].name}", param_hint=flag)


def _pair(text: str, flag: str) -> tuple[str, str]:
    name, equals, value = text.rpartition("=") if flag == "--worst" else text.partition("=")
    if not (name and equals and value):
        raise typer.BadParameter(f"expected a name, = and a value, not {text!r:.80}", param_hint=flag)
    return name, value


def _number(text: str, flag: str) -> float:
    try:
        parsed = float(text)
    except ValueError:
        parsed = math.nan
    if not math.isfinite(parsed):
        raise typer.BadParameter(f"expected a number, not {text!r:.80}", param_hint=flag)
    return parsed


def _prices(text: str | None) -> tuple[float, float] | None:
    if text is None:
        return None
    flag = "--dollars-per-million"
    prompt, comma, answer = text.partition(",")
    prices = (_number(prompt, flag), _number(answer, flag)) if comma else (-1.0, -1.0)
    if min(prices) < 0:
        raise typer.BadParameter("expected two prices, such as 0.5,1.5: for prompts and for answers", param_hint=flag)
    return prices


def _numbers(result: RecordsFile) -> dict[str, Any]:
    return {
        "items": result.items,
        "clusters": result.clusters,
        "metrics": dict(result.metrics),
        "left_out": dict(result.left_out),
        "notes": list(result.notes),
    }


def _print(title: str, result: RecordsFile, output: Path) -> None:
    print_line(title)
    for name, value in _lines(result):
        print_line(f"  {name:<9} {value}")
    print_table("Metrics", ("metric", "mean"), ((name, number(mean)) for name, mean in result.metrics.items()))
    print_table("Left out", ("metric", "why"), result.left_out.items())
    print_section(f"written to {output}")


def _lines(result: RecordsFile) -> Iterator[tuple[str, str]]:
    yield "items", f"{result.items:,}"
    yield "clusters", f"{result.clusters:,}" if result.clusters else "none: items are treated as independent"
    yield from (("note", note) for note in result.notes)
