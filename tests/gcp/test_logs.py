# SPDX-License-Identifier: Apache-2.0
"""Cloud Logging reads one JSON object a line."""

import json
import logging
import subprocess
import sys

import pytest

from federation.gcp.logs import CloudLoggingFormatter


def line(**record):
    return json.loads(CloudLoggingFormatter().format(logging.makeLogRecord(record)))


def test_a_decision_is_told_with_its_fields_beside_the_sentence():
    told = line(
        levelname="INFO", msg="%s accepted", args=("acme/embedder-v1",), step="validate", documents=3, events=["a"]
    )
    assert told == {
        "severity": "INFO",
        "message": "acme/embedder-v1 accepted",
        "step": "validate",
        "documents": 3,
        "events": ["a"],
    }


def test_a_line_that_quotes_half_a_character_is_not_lost():
    assert line(levelname="ERROR", msg="half \ud800 of one")["message"] == "half \ud800 of one"


def test_a_failure_is_told_with_its_trace():
    with pytest.raises(ValueError, match="nothing") as caught:
        int("nothing")
    told = line(levelname="ERROR", msg="cannot", exc_info=(caught.type, caught.value, caught.tb))
    assert told["severity"] == "ERROR"
    assert "ValueError: invalid literal" in told["stack_trace"]


def test_what_json_does_not_know_is_told_as_text():
    assert line(levelname="INFO", msg="x", where=object)["where"] == "<class 'object'>"


def test_an_entry_file_that_is_loaded_twice_still_tells_each_thing_once():
    """functions-framework loads it once for every application that it makes."""
    code = "from federation.gcp.logs import configure; configure('INFO'); configure('INFO')"
    told = "import logging; logging.getLogger('federation').info('told')"
    run = subprocess.run([sys.executable, "-c", f"{code}; {told}"], check=True, capture_output=True)
    assert [json.loads(written) for written in run.stderr.splitlines()] == [{"severity": "INFO", "message": "told"}]
