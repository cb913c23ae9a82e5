# SPDX-License-Identifier: Apache-2.0
"""Reads promptfoo's scores: the JSON of `promptfoo eval -o out.json`, with every test, provider and prompt.

Read from and tried with 0.121.20 (results version 3). A test's variables and assertions identify the item, so `--repeat`
repeats a question, and a changed test is another item. With `--no-write`, or if several prompts answer a test, rows are
in the order of the answers.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from federation.errors import ContractError
from federation.harnesses.answer import Answer, File, Options, Results
from federation.harnesses.choice import choose_numbered, choose_one
from federation.harnesses.content import mapping, members, number_of, text_at, value_of

NAME: Final = "promptfoo"
OPTIONS: Final = frozenset({"provider", "prompt", "score", "cluster", "category", "worst"})
_ASSERT: Final = 1
_ERROR: Final = 2
"""`failureReason` of an answer that an assertion refused, and of a test that got no answer."""
_DIGITS: Final = 12
_SHOWN: Final = 60


def is_document(document: Mapping[str, Any]) -> bool:
    """Whether a JSON document is the results of an evaluation."""
    results = mapping(document.get("results"))
    return isinstance(results.get("results"), list) and ("stats" in results or "evalId" in document)


def read(files: Sequence[File], options: Options) -> Results:
    """The tests of one provider and prompt.

    Raises:
        ContractError: It is another file, or several; or it has several providers or prompts and none was chosen.
    """
    if len(files) != 1:
        raise ContractError(f"{NAME} writes one file for an evaluation; name one, not {len(files)}")
    document = mapping(value_of(files[0].body, files[0].name))
    if not is_document(document):
        raise ContractError(
            f"{files[0].name} has no results of {NAME}", hint="Write them with: promptfoo eval -o out.json"
        )
    results = members(mapping(document["results"]).get("results"))
    rows = sorted((row for row in results if isinstance(row, dict)), key=_sort_key)
    provider = choose_one("provider", map(_provider, rows), options.provider, "--provider")
    rows = [row for row in rows if _provider(row) == provider]
    prompts = list(dict.fromkeys(map(_prompt, rows)))
    prompt = prompts[choose_numbered("prompt", [shown[:_SHOWN] for shown in prompts], options.prompt, "--prompt")]
    rows = [row for row in rows if _prompt(row) == prompt]
    if len({str(row.get("promptIdx")) for row in rows}) != 1:
        raise ContractError(
            f"{files[0].name}: more than one provider is named {provider!r:.80}",
            hint="Give each a label in promptfoo's configuration, and run it again.",
        )
    return Results(
        description=f"provider {provider}; prompt {prompt[:_SHOWN]!r}",
        answers=list(_answers(rows, options)),
        right_or_wrong=frozenset({"success", "score"}),
    )


def _sort_key(row: Mapping[str, Any]) -> tuple[float, float]:
    """A row's sort key: the positions of its test and prompt in the configuration."""
    return number_of(row.get("testIdx")) or 0, number_of(row.get("promptIdx")) or 0


def _provider(row: Mapping[str, Any]) -> str:
    provider = row.get("provider")
    fields = mapping(provider)
    return str(fields.get("label") or fields.get("id") or provider)


def _prompt(row: Mapping[str, Any]) -> str:
    prompt = mapping(row.get("prompt"))
    return str(prompt.get("label") or prompt.get("raw") or row.get("promptId"))


def _answers(rows: Sequence[Mapping[str, Any]], options: Options) -> Iterator[Answer]:
    metrics = list(dict.fromkeys(metric for row in rows for metric in mapping(row.get("namedScores"))))
    numbers: dict[str, int] = {}
    for row in rows:
        test = _test_digest(row)
        yield Answer(
            item=f"{numbers.setdefault(test, len(numbers) + 1)}-{test}",
            scores=_scores(row, metrics),
            cluster=text_at(row, options.cluster),
            category=text_at(row, options.category),
            failed=_failed(row),
        )


def _test_digest(row: Mapping[str, Any]) -> str:
    """The start of the digest of a test's variables and assertions."""
    case = mapping(row.get("testCase"))
    if case and "vars" not in case and not row.get("vars"):
        raise ContractError(
            "the variables of a test were stripped, so its question is unknown",
            hint="Run it again without PROMPTFOO_STRIP_TEST_VARS.",
        )
    question = [case.get("vars", row.get("vars")), case.get("assert")]
    return hashlib.sha256(json.dumps(question, sort_keys=True).encode()).hexdigest()[:_DIGITS]


def _failed(row: Mapping[str, Any]) -> bool:
    reason = row.get("failureReason")
    unsaid = reason != _ASSERT and row.get("error") is not None and row.get("gradingResult") is None
    return reason == _ERROR or unsaid


def _scores(row: Mapping[str, Any], metrics: Sequence[str]) -> Mapping[str, float | None]:
    """The row's scores. Time and price are None without an answer, or if it came from promptfoo's cache."""
    scores = {metric: number_of(mapping(row.get("namedScores")).get(metric)) for metric in metrics}
    scores |= {"success": number_of(row.get("success")), "score": number_of(row.get("score"))}
    measured = not _failed(row) and mapping(row.get("response")).get("cached") is not True
    usage = mapping(row.get("tokenUsage"))
    spent = {"latency_ms": row.get("latencyMs"), "cost": row.get("cost"), "tokens": usage.get("completion")}
    return scores | {metric: number_of(value) if measured else None for metric, value in spent.items()}
