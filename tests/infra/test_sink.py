# SPDX-License-Identifier: Apache-2.0
"""Logging sends `receive` every entry that its reader takes for a completion, and none that anybody's code can print."""

import base64
import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from infra.package import ROOT

PROJECT = "acme-ml-prod"
HCL = (ROOT / "infra/gcp/ingest.tf").read_text("utf-8")
CASES = sorted((ROOT / "events/vertex").glob("push_*"))


def _filters() -> Iterator[list[str]]:
    """The sink's alternatives, each as the comparisons that have to hold together."""
    (listed,) = re.findall(r"\n  completions = \[\n(.*?)\n  \]\n", HCL, re.DOTALL)
    for alternative in re.findall(r'join\(" AND ", \[(.*?)\n    \]\)', listed, re.DOTALL):
        yield [
            json.loads(one).replace("${var.project}", PROJECT) for one in re.findall(r'"(?:[^"\\]|\\.)*"', alternative)
        ]


def _holds(comparison: str, entry: Mapping[str, Any]) -> bool:
    """Whether a comparison holds, or one of several in brackets.

    https://cloud.google.com/logging/docs/view/logging-query-language
    """
    if comparison.startswith("("):
        return any(_holds(one, entry) for one in comparison.strip("()").split(" OR "))
    field, operator, value = re.fullmatch(r"([\w.]+)(=~?)(.+)", comparison).groups()  # type: ignore[union-attr]
    found: Any = entry
    for name in field.split("."):
        found = found.get(name) if isinstance(found, Mapping) else None
    wanted = json.loads(value) if operator == "=" else value[1:-1]
    return found == wanted if operator == "=" else bool(re.search(wanted, str(found)))


def _sent(entry: Mapping[str, Any]) -> bool:
    return any(all(_holds(one, entry) for one in alternative) for alternative in _filters())


def _entry(case: Path) -> Mapping[str, Any]:
    """The log entry that was pushed; empty when what was pushed is none."""
    raw = json.loads((case / "raw.json").read_bytes())
    try:
        found = json.loads(base64.b64decode(raw["message"]["data"])) if "message" in raw else raw
    except (KeyError, ValueError):
        return {}
    return found if "logName" in found else {}


def _told(case: Path) -> Mapping[str, Any]:
    told: Mapping[str, Any] = json.loads((case / "event.json").read_bytes())
    return told


def _with(verdict: str) -> list[Path]:
    return [case for case in CASES if _told(case)["verdict"] == verdict and "after" not in _told(case) and _entry(case)]


def test_there_are_pipelines_custom_jobs_and_models():
    assert len(list(_filters())) == 3
    logs = {_entry(case)["logName"].rpartition("/")[2].partition("%2F")[0] for case in _with("accept")}
    assert logs == {"aiplatform.googleapis.com", "ml.googleapis.com", "cloudaudit.googleapis.com"}


@pytest.mark.parametrize("case", _with("accept"), ids=lambda case: case.name)
def test_what_the_reader_takes_for_a_completion_is_sent(case: Path):
    assert _sent(_entry(case))


@pytest.mark.parametrize("case", _with("ignore"), ids=lambda case: case.name)
def test_what_the_reader_lets_pass_by_costs_no_delivery(case: Path):
    assert not _sent(_entry(case))
