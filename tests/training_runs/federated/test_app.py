# SPDX-License-Identifier: Apache-2.0
"""The bundle that carries code to members: the same bytes every time, and nobody runs another one."""

import hashlib
import io
import threading
import zipfile
from contextlib import closing
from http.client import HTTPSConnection
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from flwr.proto.fab_pb2 import Fab, GetFabResponse

from training_images.federated import certificates
from training_images.federated.control import app_bundle, app_digest
from training_images.federated.door import Consortium, door, enter
from training_images.federated.forwarding import RefusedError, Request, client_context, server_context, serving

pytestmark = pytest.mark.filterwarnings(
    "ignore:GitWildMatchPattern:DeprecationWarning"
)  # Flower's, when it packs an app
HERE = "127.0.0.1"
CODE = Request(method="POST", path="/v1/fleet/get-fab", headers={}, body=b"", certificate=None)


def answer(content):
    return GetFabResponse(fab=Fab(hash_str=hashlib.sha256(content).hexdigest(), content=content)).SerializeToString()


class Sending(BaseHTTPRequestHandler):
    """A SuperLink that sends the bundle, whatever it is asked."""

    def do_POST(self):
        body = answer(app_bundle())
        self.send_response(self.server.status)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *told):
        """Nothing."""


@pytest.fixture
def fetched(tmp_path):
    """What a SuperNode gets that asks for code, behind a door that agreed to some apps: a status and a body."""
    trusted = certificates.authority(tmp_path)
    server, member = trusted.server(tmp_path / "server", "superlink"), trusted.member(tmp_path / "ada", "ada")
    behind = HTTPServer((HERE, 0), Sending)
    behind.socket = server_context(str(server.certificate), str(server.key)).wrap_socket(
        behind.socket, server_side=True
    )
    thread = threading.Thread(target=behind.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()

    def fetch(apps, status=200):
        behind.status = status
        there = Consortium(host=HERE, port=behind.server_port, authority=str(trusted.certificate), apps=apps)
        with (
            serving(door((HERE, 0), server, member, there)) as own,
            closing(HTTPSConnection(HERE, own.port, context=client_context(str(trusted.certificate)))) as asking,
        ):
            asking.request("POST", CODE.path, b"")
            told = asking.getresponse()
            return told.status, told.read()

    yield fetch
    behind.shutdown()
    behind.server_close()
    thread.join()


@pytest.mark.parametrize("status", [200, 201, 203, 206, 299])
def test_a_bundle_that_nobody_agreed_to_does_not_come_in_whatever_its_success_is_called(fetched, status):
    """Flower's client takes every 2xx for an answer (flwr.supernode.fleet_http_connection)."""
    refused, told = fetched(["0" * 64], status)
    assert (refused, told.split()[:3]) == (403, [b"the", b"app", app_digest().encode()])


def test_the_bundle_that_was_agreed_to_comes_in_as_it_was_sent(fetched):
    assert fetched([app_digest()]) == (200, answer(app_bundle()))


def test_any_other_bundle_stays_outside():
    with pytest.raises(RefusedError, match="is not one that this member agreed to run"):
        enter(CODE, answer(app_bundle() + b" "), [app_digest()])


def test_an_empty_answer_carries_no_agreed_bundle():
    with pytest.raises(RefusedError):
        enter(CODE, b"", [app_digest()])


def test_the_bundle_is_the_same_bytes_every_time_and_holds_imports_only():
    assert app_bundle() == app_bundle()
    with zipfile.ZipFile(io.BytesIO(app_bundle())) as bundle:
        code = {name: bundle.read(name).decode() for name in bundle.namelist() if name.endswith(".py")}
    assert set(code) == {f"consortium_app/{name}.py" for name in ("__init__", "client", "server")}
    assert all(len(body.splitlines()) < 8 for body in code.values())
