# SPDX-License-Identifier: Apache-2.0
"""A runtime answers over HTTP, and refuses wrong requests with a sentence."""

import http.client
import json
import os
import socket
import subprocess
import sys
import threading
import time

import pytest

from training_images.inference_benchmark.served import MOST_BYTES, PATH, serve
from training_images.job.errors import ConfigError


def upper_case(text: str) -> str:
    return text.upper()


def post(port: int, body: bytes, path: str = PATH) -> tuple[int, dict[str, str]]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    connection.request("POST", path, body)
    response = connection.getresponse()
    reply = json.loads(response.read())
    connection.close()
    return response.status, reply


def test_a_text_is_answered_with_its_label() -> None:
    with serve(upper_case) as caller:
        assert caller.ask("grüße 🌍").label == "GRÜSSE 🌍"


def test_every_answer_states_its_processor_time() -> None:
    with serve(lambda text: str(sum(range(200_000))) + text) as caller:
        assert 0 < caller.ask("x").core_seconds < 5


def test_many_requests_are_answered_one_after_the_other() -> None:
    with serve(upper_case) as caller:
        assert [caller.ask(str(number)).label for number in range(50)] == [str(number) for number in range(50)]


@pytest.mark.parametrize("body", [b"", b"\xff", b"[]", b"{}", b'{"text": 3}', b'{"text": null}', b"text"])
def test_a_wrong_request_is_refused_with_the_right_form(body: bytes) -> None:
    with serve(upper_case) as caller:
        port = caller.port
        caller.close()
        status, reply = post(port, body)
        assert status == 400
        assert "text" in reply["error"]


def test_a_large_request_and_another_path_are_refused() -> None:
    for body, path in ((b"x" * (MOST_BYTES + 1), PATH), (b"{}", "/elsewhere")):
        with serve(upper_case) as caller:
            port = caller.port
            caller.close()
            assert post(port, body, path)[0] == 400


def test_a_text_that_is_too_long_is_refused_with_its_size() -> None:
    with (
        serve(upper_case) as caller,
        pytest.raises(ConfigError, match=r"takes 65,548 bytes of JSON, more than 65,536: shorten it"),
    ):
        caller.ask("x" * MOST_BYTES)


def test_the_server_stops_at_the_end_of_the_block() -> None:
    with serve(upper_case) as caller:
        port = caller.port
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port), timeout=1)


def test_the_error_of_a_runtime_reaches_the_caller_as_a_sentence() -> None:
    with serve(failing) as caller, pytest.raises(ConfigError, match=r"the server answered 500: ValueError: x"):
        caller.ask("x")


def test_a_runtime_that_hangs_does_not_block_the_job(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("training_images.inference_benchmark.served._TIMEOUT", 0.5)
    end = threading.Event()
    start = time.monotonic()
    with (
        pytest.raises(TimeoutError, match=r"did not answer a text within 0\.5 s"),
        serve(lambda _: str(end.wait(60))) as caller,
    ):
        caller.ask("x")
    end.set()
    assert time.monotonic() - start < 20


def test_serving_a_runtime_does_not_import_torch() -> None:
    code = "import sys, training_images.inference_benchmark.train; print('torch' in sys.modules)"
    process = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        env=dict(os.environ, PYTHONPATH=os.pathsep.join(sys.path)),
    )
    assert process.stdout == "False\n"


def failing(text: str) -> str:
    raise ValueError(text)
