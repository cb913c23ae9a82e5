# SPDX-License-Identifier: Apache-2.0
"""Which tool wrote a result file? Its content decides, not its name."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, cast

import msgspec

from federation.errors import ContractError
from federation.harnesses import guidellm, inspect_ai, lm_eval, promptfoo, table, trec_eval, vllm_bench
from federation.harnesses.answer import File, Options, Results
from federation.harnesses.content import text_of, value_of


class Tool(msgspec.Struct, frozen=True, kw_only=True):
    """A tool's name, the fields of `Options` that it uses, and its reader."""

    name: str
    options: frozenset[str]
    read: Callable[[Sequence[File], Options], Results]


TOOLS: Final[Mapping[str, Tool]] = {
    "lm-eval": Tool(name=lm_eval.NAME, options=lm_eval.OPTIONS, read=lm_eval.read),
    "inspect": Tool(name=inspect_ai.NAME, options=inspect_ai.OPTIONS, read=inspect_ai.read),
    "promptfoo": Tool(name=promptfoo.NAME, options=promptfoo.OPTIONS, read=promptfoo.read),
    "trec-eval": Tool(name=trec_eval.NAME, options=trec_eval.OPTIONS, read=trec_eval.read),
    "vllm": Tool(name=vllm_bench.NAME, options=vllm_bench.OPTIONS, read=vllm_bench.read),
    "guidellm": Tool(name=guidellm.NAME, options=guidellm.OPTIONS, read=guidellm.read),
    "table": Tool(name=table.NAME, options=table.OPTIONS, read=table.read),
}
"""The tools, by the word for --from."""

_OBJECTS: Final[Mapping[str, Callable[[Mapping[str, Any]], bool]]] = {
    "inspect": inspect_ai.is_document,
    "promptfoo": promptfoo.is_document,
    "vllm": vllm_bench.is_document,
    "guidellm": guidellm.is_document,
    "lm-eval": lm_eval.is_line,
}


def tool_of(file: File) -> str:
    """The word of the tool that wrote a file.

    Raises:
        ContractError: No tool writes such a file, or it has no single items.
    """
    if file.body.startswith(inspect_ai.ZIP):
        return "inspect"
    text = text_of(file).strip()
    if text.startswith("{"):
        return _tool_of_object(file, _first_object(text, file))
    if text and trec_eval.is_line(text.partition("\n")[0]):
        return "trec-eval"
    raise _unknown(file)


def _first_object(text: str, file: File) -> Mapping[str, Any]:
    """The JSON object in a file's first line, else in the whole file."""
    line = text.partition("\n")[0]
    try:
        value = value_of(line, file.name)
    except ContractError:
        value = value_of(text, file.name)
    return cast("Mapping[str, Any]", value)


def _tool_of_object(file: File, value: Mapping[str, Any]) -> str:
    for word, recognises in _OBJECTS.items():
        if recognises(value):
            return word
    if "item" in value and "scores" in value:
        raise ContractError(f"{file.name} is already a file of records", hint="Compare it as it is.")
    if "results" in value and ("configs" in value or "n-shot" in value):
        raise ContractError(
            f"{file.name} has only the means of {lm_eval.NAME}",
            hint="Run it with --log_samples, and name the files samples_TASK_DATE.jsonl.",
        )
    raise _unknown(file)


def _unknown(file: File) -> ContractError:
    return ContractError(
        f"{file.name} was not written by a supported tool",
        hint=f"Name the tool: --from {'|'.join(TOOLS)}. For a CSV or JSON Lines file of your own, name its columns: "
        "--item id --score accuracy=correct",
    )
