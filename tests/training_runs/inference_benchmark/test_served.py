# SPDX-License-Identifier: Apache-2.0
"""Is a runtime really asked over HTTP, and told what is wrong with a request?"""

import http.client
import json
import os
import socket
import subprocess
import sys
import threading
import time

import pytest

from training_images.inference_benchmark.served import MOST_BYTES, PATH, served
from training_images.job.errors import ConfigError


def shouted(text: str) -> str:
    return text.upper()


def posted(port: int, body: bytes, path: str = PATH) -> tuple[int, dict[str, str]]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    connection.request("POST", path, body)
    response = connection.getresponse()
    told = json.loads(response.read())
    connection.close()
    return response.status, told


def test_a_text_goes_in_and_its_label_comes_back() -> None:
    with served(shouted) as caller:
        assert caller.ask("grüße 🌍").label == "GRÜSSE 🌍"


def test_every_answer_says_what_the_core_took_and_no_more_than_the_caller_waited() -> None:
    with served(lambda text: str(sum(range(200_000))) + text) as caller:
        assert 0 < caller.ask("x").core < 5


def test_many_requests_are_answered_one_after_the_other() -> None:
    with served(shouted) as caller:
        assert [caller.ask(str(number)).label for number in range(50)] == [str(number) for number in range(50)]


@pytest.mark.parametrize("body", [b"", b"\xff", b"[]", b"{}", b'{"text": 3}', b'{"text": null}', b"text"])
def test_a_request_that_is_none_is_told_how_to_ask(body: bytes) -> None:
    with served(shouted) as caller:
        port = caller.port
        caller.close()
        status, told = posted(port, body)
        assert status == 400
        assert "text" in told["error"]


def test_too_large_a_request_and_another_path_are_refused() -> None:
    for body, path in ((b"x" * (MOST_BYTES + 1), PATH), (b"{}", "/elsewhere")):
        with served(shouted) as caller:
            port = caller.port
            caller.close()
            assert posted(port, body, path)[0] == 400


def test_a_text_that_no_request_takes_is_told_by_its_size() -> None:
    with (
        served(shouted) as caller,
        pytest.raises(ConfigError, match=r"takes 65,548 bytes of JSON, and a request 65,536"),
    ):
        caller.ask("x" * MOST_BYTES)


def test_nobody_listens_when_it_is_over() -> None:
    with served(shouted) as caller:
        port = caller.port
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port), timeout=1)


def test_what_a_runtime_failed_with_reaches_the_caller_as_a_sentence() -> None:
    with served(failing) as caller, pytest.raises(ConfigError, match=r"the server answered 500: ValueError: x"):
        caller.ask("x")


def test_a_runtime_that_hangs_is_told_as_such_and_keeps_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("training_images.inference_benchmark.served._PATIENCE", 0.5)
    over = threading.Event()
    began = time.monotonic()
    with (
        pytest.raises(TimeoutError, match=r"no answer to a text within 0\.5 s"),
        served(lambda _: str(over.wait(60))) as caller,
    ):
        caller.ask("x")
    over.set()
    assert time.monotonic() - began < 20


def test_serving_a_runtime_takes_no_torch() -> None:
    asked = "import sys, training_images.inference_benchmark.train; print('torch' in sys.modules)"
    told = subprocess.run(
        [sys.executable, "-c", asked],
        capture_output=True,
        text=True,
        check=True,
        env=dict(os.environ, PYTHONPATH=os.pathsep.join(sys.path)),
    )
    assert told.stdout == "False\n"


def failing(text: str) -> str:
    raise ValueError(text)
