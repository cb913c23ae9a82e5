# SPDX-License-Identifier: Apache-2.0
"""What the tools wrote, as they wrote it (long texts cut), and the records that it makes."""

import json
from pathlib import Path
from typing import Any

import pytest

from federation.harnesses.answer import File, Options
from federation.harnesses.records_file import RecordsFile, records_file
from federation.harnesses.tools import TOOLS, tool_of

HERE = Path(__file__).parent


@pytest.fixture
def written():
    """A file of a tool, as `lm_eval/samples_....jsonl`; a shorter name will do where it is the only one."""

    def found(pattern: str) -> File:
        (path,) = HERE.glob(pattern)
        return File(name=path.name, body=path.read_bytes())

    return found


@pytest.fixture
def convert():
    """What files make, read by the tool that their content names."""

    def converted(*files: File, **asked: Any) -> RecordsFile:
        wanted = Options(**asked)
        word = "table" if wanted.item else tool_of(files[0])
        return records_file(TOOLS[word].read(files, wanted), wanted)

    return converted


@pytest.fixture
def rows(convert):
    """The records that files make, by item."""

    def converted(*files: File, **asked: Any) -> dict[str, dict[str, Any]]:
        lines = map(json.loads, convert(*files, **asked).body.splitlines())
        return {line["item"]: line for line in lines}

    return converted


@pytest.fixture
def bent():
    """A JSON file with something else in it."""

    def changed(file: File, change) -> File:
        document = json.loads(file.body)
        change(document)
        return File(name=file.name, body=json.dumps(document).encode())

    return changed
