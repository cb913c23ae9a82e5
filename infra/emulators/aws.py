# SPDX-License-Identifier: Apache-2.0
"""How is AWS imitated on this machine? By moto behind a server that takes one request at a time, and our own STS.

`sagemaker.py` and `sts.py` replace moto for their services. On its own, moto lets several racers of one conditional
write win; when requests come one at a time its writes are atomic, as S3's are. Requests that botocore's models do not
allow are refused. Not imitated: EventBridge's `account`, CloudWatch's alarm actions, IAM. https://docs.getmoto.org/
"""

import os
import re
import socket
import threading
import urllib.request
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import msgspec
from infra.emulators import aws_models
from infra.emulators.faults import Faults
from infra.emulators.sagemaker import SageMaker
from infra.emulators.sts import Sts
from werkzeug.serving import WSGIRequestHandler, make_server

REGION = "eu-central-1"
ACCOUNT = "111122223333"

ENVIRONMENT = {
    "AWS_ACCESS_KEY_ID": "local",
    "AWS_SECRET_ACCESS_KEY": "local",
    "AWS_DEFAULT_REGION": REGION,
    "AWS_EC2_METADATA_DISABLED": "true",
}
"""The variables that clients need besides `AWS_ENDPOINT_URL`, which `Cloud.environment` adds; the keys open nothing."""

_TARGET = re.compile(r"[^.]+\.(\w+)$")
_ACTION = re.compile(rb"(?:^|&)Action=(\w+)")


class Cloud:
    """A running imitation: its address, its faults, the log of its calls, its SageMaker and its STS."""

    def __init__(self, faults: Faults, sagemaker: SageMaker) -> None:
        self.faults = faults
        self.sagemaker = sagemaker
        self.sts = Sts(ACCOUNT)
        self.endpoint = ""

    @property
    def environment(self) -> dict[str, str]:
        """The environment of a process whose AWS clients use this imitation."""
        return {**ENVIRONMENT, "AWS_ENDPOINT_URL": self.endpoint}

    def client(self, service: str) -> Any:
        """A real client of a service."""
        import boto3

        return boto3.client(
            service,
            endpoint_url=self.endpoint,
            region_name=REGION,
            aws_access_key_id="local",
            aws_secret_access_key="local",  # noqa: S106 - it opens nothing
        )


@contextmanager
def serving() -> Iterator[Cloud]:
    """AWS on a free port of the loopback interface, empty at first."""
    from moto.server import DomainDispatcherApplication, create_backend_app

    os.environ["MOTO_ACCOUNT_ID"] = ACCOUNT
    cloud = Cloud(Faults(), SageMaker(REGION, ACCOUNT))
    moto = DomainDispatcherApplication(create_backend_app)
    server = make_server("127.0.0.1", 0, _routed(cloud, moto), threaded=False, request_handler=_Quiet)
    cloud.endpoint = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, name="aws", daemon=True)
    thread.start()
    try:
        cloud.client("sts").get_caller_identity()
        yield cloud
    finally:
        _reset(cloud.endpoint)
        server.shutdown()
        thread.join()
        server.server_close()


class _Quiet(WSGIRequestHandler):
    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Log nothing: the faults keep the log of calls."""


def _routed(cloud: Cloud, moto: Any) -> Any:
    """Send SageMaker's calls to our own imitation and all others to moto, each through the fault switch."""

    def application(environ: dict[str, Any], start: Any) -> Iterable[bytes]:
        if environ["PATH_INFO"].startswith("/moto-api"):
            answer: Iterable[bytes] = moto(environ, start)
            return answer
        operation = operation_of(environ)
        fault = cloud.faults.next_for(operation)
        if fault is None:
            return _answered(cloud, moto, environ, operation, start)
        if fault.acts:
            list(_answered(cloud, moto, environ, operation, _ignore))
        else:
            environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        return _failed(start, fault.status) if fault.status else _dropped(environ)

    return application


def _answered(cloud: Cloud, moto: Any, environ: dict[str, Any], operation: str, start: Any) -> Iterable[bytes]:
    if target := environ.get("HTTP_X_AMZ_TARGET", ""):
        request = msgspec.json.decode(_body(environ) or b"{}")
        if found := aws_models.faults(target, request):
            why = f"{len(found)} validation error detected: {'; '.join(found)}"
            return _json(start, 400, {"__type": "ValidationException", "message": why})
        if target.startswith("SageMaker."):
            return _json(start, *cloud.sagemaker.call(operation, request))
    if operation == "InvokeEndpoint":
        _body(environ)  # what stays unread would keep the connection open
        variant = environ.get("HTTP_X_AMZN_SAGEMAKER_TARGET_VARIANT", "")
        served_by = {"x-Amzn-Invoked-Production-Variant": variant}
        return _json(start, *cloud.sagemaker.invoke(environ["PATH_INFO"].split("/")[2], variant), served_by)
    if operation == "GetWebIdentityToken":
        status, body = cloud.sts.sign(environ["wsgi.input"].read())
        start(f"{status} Told", [("Content-Type", "text/xml")])
        return [body]
    answer: Iterable[bytes] = moto(environ, start)
    return answer


def operation_of(environ: Mapping[str, Any]) -> str:
    """The name of the API's operation, as a bill or an IAM policy writes it."""
    if found := _TARGET.search(environ.get("HTTP_X_AMZ_TARGET", "")):
        return found[1]
    path, query, method = environ["PATH_INFO"], environ.get("QUERY_STRING", ""), environ["REQUEST_METHOD"]
    if path.endswith("/invocations"):
        return "InvokeEndpoint"
    if "form-urlencoded" in environ.get("CONTENT_TYPE", ""):
        action = _ACTION.search(_body(environ))
        return action[1].decode() if action else method
    if "list-type=2" in query:
        return "ListObjectsV2"
    is_object = path.count("/") > 1 and not path.endswith("/")
    names = {"PUT": "PutObject", "GET": "GetObject", "HEAD": "HeadObject", "DELETE": "DeleteObject"}
    return names.get(method, method) if is_object else f"{method}Bucket"


def _body(environ: Mapping[str, Any]) -> bytes:
    """The request's body; the application can read it again."""
    body: bytes = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    environ["wsgi.input"] = _Again(body)  # type: ignore[index] - WSGI's environ is a dict
    return body


class _Again:
    """A request's body that can be read again."""

    def __init__(self, body: bytes) -> None:
        self._body = body

    def read(self, size: int = -1) -> bytes:
        found, self._body = (self._body, b"") if size < 0 else (self._body[:size], self._body[size:])
        return found


def _ignore(status: str, headers: Any, exc_info: Any = None) -> Any:
    """Discard an answer that is lost on its way."""
    del status, headers, exc_info
    return lambda _body: None


def _json(start: Any, status: int, document: Any, headers: Mapping[str, str] | None = None) -> Iterable[bytes]:
    start(f"{status} Told", [("Content-Type", "application/x-amz-json-1.1"), *(headers or {}).items()])
    return [msgspec.json.encode(document)]


def _failed(start: Any, status: int) -> Iterable[bytes]:
    codes = {429: "ThrottlingException", 403: "ExpiredTokenException", 503: "ServiceUnavailable"}
    code = codes.get(status, "InternalFailure")
    start(f"{status} {code}", [("Content-Type", "application/json"), ("x-amzn-errortype", code)])
    return [msgspec.json.encode({"__type": code, "message": "a fault was asked for"})]


def _dropped(environ: Mapping[str, Any]) -> Iterable[bytes]:
    environ["werkzeug.socket"].shutdown(socket.SHUT_RDWR)
    raise ConnectionResetError("the answer is lost, as was asked for")


def _reset(endpoint: str) -> None:
    urllib.request.urlopen(urllib.request.Request(f"{endpoint}/moto-api/reset", method="POST")).close()  # noqa: S310 - our own
