# SPDX-License-Identifier: Apache-2.0
"""Which tool wrote a result file? Its content says so; its name does not count."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, cast

import msgspec

from federation.errors import ContractError
from federation.harnesses import guidellm, inspect_ai, lm_eval, promptfoo, table, trec_eval, vllm_bench
from federation.harnesses.answer import Asked, File, Found
from federation.harnesses.content import text_of, value_of


class Tool(msgspec.Struct, frozen=True, kw_only=True):
    """How a tool is called, which fields of `Asked` mean something to it, and its reader."""

    name: str
    options: frozenset[str]
    read: Callable[[Sequence[File], Asked], Found]


TOOLS: Final[Mapping[str, Tool]] = {
    "lm-eval": Tool(name=lm_eval.NAME, options=lm_eval.OPTIONS, read=lm_eval.read),
    "inspect": Tool(name=inspect_ai.NAME, options=inspect_ai.OPTIONS, read=inspect_ai.read),
    "promptfoo": Tool(name=promptfoo.NAME, options=promptfoo.OPTIONS, read=promptfoo.read),
    "trec-eval": Tool(name=trec_eval.NAME, options=trec_eval.OPTIONS, read=trec_eval.read),
    "vllm": Tool(name=vllm_bench.NAME, options=vllm_bench.OPTIONS, read=vllm_bench.read),
    "guidellm": Tool(name=guidellm.NAME, options=guidellm.OPTIONS, read=guidellm.read),
    "table": Tool(name=table.NAME, options=table.OPTIONS, read=table.read),
}
"""By the word that --from takes."""

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
        ContractError: It is none of the tools' files that hold single items.
    """
    if file.body.startswith(inspect_ai.ZIP):
        return "inspect"
    text = text_of(file).strip()
    if text.startswith("{"):
        return _of_object(file, _first(text, file))
    if text and trec_eval.is_line(text.partition("\n")[0]):
        return "trec-eval"
    raise _unknown(file)


def _first(text: str, file: File) -> Mapping[str, Any]:
    """The JSON object in a file, or that in its first line."""
    line = text.partition("\n")[0]
    try:
        found = value_of(line, file.name)
    except ContractError:
        found = value_of(text, file.name)
    return cast("Mapping[str, Any]", found)


def _of_object(file: File, found: Mapping[str, Any]) -> str:
    for word, recognises in _OBJECTS.items():
        if recognises(found):
            return word
    if "item" in found and "scores" in found:
        raise ContractError(f"{file.name} is a file of records already", hint="Compare it as it is.")
    if "results" in found and ("configs" in found or "n-shot" in found):
        raise ContractError(
            f"{file.name} has only the means of {lm_eval.NAME}",
            hint="Run it with --log_samples, and name the files samples_TASK_DATE.jsonl.",
        )
    raise _unknown(file)


def _unknown(file: File) -> ContractError:
    return ContractError(
        f"{file.name} is of no tool that is known here",
        hint=f"Say which: --from {'|'.join(TOOLS)}. For a CSV or JSON Lines file of your own, name its columns: "
        "--item id --score accuracy=correct",
    )
