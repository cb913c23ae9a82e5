# SPDX-License-Identifier: Apache-2.0
"""Cloud Logging reads one JSON object per line."""

import json
import logging
import subprocess
import sys

import pytest

from federation.gcp.logs import CloudLoggingFormatter


def line(**record):
    return json.loads(CloudLoggingFormatter().format(logging.makeLogRecord(record)))


def test_a_decision_is_logged_with_its_fields_beside_the_message():
    logged = line(
        levelname="INFO", msg="%s accepted", args=("acme/embedder-v1",), step="validate", documents=3, events=["a"]
    )
    assert logged == {
        "severity": "INFO",
        "message": "acme/embedder-v1 accepted",
        "step": "validate",
        "documents": 3,
        "events": ["a"],
    }


def test_a_message_with_half_a_surrogate_pair_is_logged():
    assert line(levelname="ERROR", msg="half \ud800 of one")["message"] == "half \ud800 of one"


def test_a_failure_is_logged_with_its_trace():
    with pytest.raises(ValueError, match="nothing") as error:
        int("nothing")
    logged = line(levelname="ERROR", msg="cannot", exc_info=(error.type, error.value, error.tb))
    assert logged["severity"] == "ERROR"
    assert "ValueError: invalid literal" in logged["stack_trace"]


def test_a_value_that_json_does_not_know_is_logged_as_text():
    assert line(levelname="INFO", msg="x", where=object)["where"] == "<class 'object'>"


def test_what_others_log_of_a_failure_is_one_line_with_its_severity():
    """Flask logs what a step raises. Without a handler of the root logger it would write text of many lines."""
    code = "from federation.gcp.logs import configure; configure('INFO'); configure('INFO')"
    app = "import flask; app = flask.Flask('step'); app.add_url_rule('/', view_func=lambda: 1 / 0)"
    failing = f"{code}; {app}; app.test_client().get('/')"
    process = subprocess.run([sys.executable, "-c", failing], check=True, capture_output=True)
    (logged,) = [json.loads(line_) for line_ in process.stderr.splitlines()]
    assert logged["severity"] == "ERROR"
    assert "ZeroDivisionError" in logged["stack_trace"]


def test_an_entry_file_that_is_loaded_twice_logs_each_message_once():
    """functions-framework loads it once for every application that it creates."""
    code = "from federation.gcp.logs import configure; configure('INFO'); configure('INFO')"
    message = "import logging; logging.getLogger('federation').info('told')"
    process = subprocess.run([sys.executable, "-c", f"{code}; {message}"], check=True, capture_output=True)
    assert [json.loads(line_) for line_ in process.stderr.splitlines()] == [{"severity": "INFO", "message": "told"}]
