# SPDX-License-Identifier: Apache-2.0
"""Who gets through the gateway and the door, and who does not."""

import base64
import http.client
import socket
import ssl
from contextlib import ExitStack

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from training_images.federated import certificates, forwarding
from training_images.federated.door import Consortium, door
from training_images.federated.forwarding import (
    FLEET,
    Forwarder,
    RefusedError,
    Rule,
    Upstream,
    client_context,
    server_context,
    serving,
)
from training_images.federated.gateway import gateway

HERE = "127.0.0.1"


class Place:
    """A SuperLink that only notes what reached it, a gateway before it, and a member with its certificate."""

    def __init__(self, folder, stack):
        self.authority = certificates.authority(folder / "authority")
        self.server = self.authority.server(folder / "server", "superlink")
        self.member = self.authority.member(folder / "ada", "ada")
        self.reached = []
        self.behind = stack.enter_context(serving(self.superlink(299)))
        self.gateway = stack.enter_context(
            serving(gateway((HERE, 0), self.server, str(self.authority.certificate), (HERE, self.behind.port)))
        )

    def superlink(self, status):
        def note(asked):
            self.reached.append(asked)
            raise RefusedError(status, "reached")

        own = server_context(str(self.server.certificate), str(self.server.key))
        nowhere = Upstream(host=HERE, port=1, context=client_context(str(self.authority.certificate)))
        return Forwarder((HERE, 0), own, nowhere, Rule(request=note, answer=lambda request, body: None))

    def context(self, identity=None):
        shown = identity or self.member
        return client_context(str(self.authority.certificate), str(shown.certificate), str(shown.key))

    def ask(self, path, *, method="POST", identity=None, context=None, headers=None, port=None):
        connection = http.client.HTTPSConnection(
            HERE, port or self.gateway.port, context=context or self.context(identity), timeout=10
        )
        try:
            sent = {"content-length": "2", **claimed(identity or self.member), **(headers or {})}
            connection.putrequest(method, path, skip_accept_encoding=True)
            for name, value in sent.items():
                connection.putheader(name, value)
            connection.endheaders(b"hi")
            return connection.getresponse().status
        finally:
            connection.close()


def claimed(identity):
    key = x509.load_pem_x509_certificate(identity.certificate.read_bytes()).public_key()
    pem = key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    return {"flwr-public-key": base64.b64encode(pem).decode()}


@pytest.fixture
def place(tmp_path):
    with ExitStack() as stack:
        yield Place(tmp_path, stack)


def test_a_member_reaches_the_fleet_with_its_headers_and_body(place):
    assert place.ask("/v1/fleet/pull-messages", headers={"flwr-signature": "x", "x-other": "y"}) == 299
    (request,) = place.reached
    assert (request.path, request.body) == ("/v1/fleet/pull-messages", b"hi")
    assert request.headers["flwr-signature"] == "x"
    assert "x-other" not in request.headers


@pytest.mark.parametrize(
    "path",
    [
        "/v1/control/register-node",
        "/v1/control/start-run",
        "/v1/runtime/pull-task",
        "/v1/fleet/register-node",
        "/v1/fleet/unregister-node",
        "/docs",
        "/",
        "/v1/fleet/../control/start-run",
        "/v1/fleet/%2e%2e/control/start-run",
        "/v1/fleet/pull-messages/../../control/start-run",
        "//v1/control/start-run",
        "/V1/FLEET/pull-messages",
        "/v1/fleet/pull-messages?x=/v1/control/start-run",
        "/v1/fleet/pull-messages;/v1/control/start-run",
        "https://superlink/v1/control/start-run",
        "*",
    ],
)
def test_nothing_else_is_reached_however_it_is_spelt(place, path):
    assert place.ask(path) == 404
    assert not place.reached


@pytest.mark.parametrize("method", ["GET", "PUT", "HEAD", "CONNECT", "TRACE", "BREW"])
def test_no_other_method_passes(place, method):
    assert place.ask("/v1/fleet/pull-messages", method=method) == 404
    assert not place.reached


def test_the_authoritys_certificate_alone_opens_nothing(place):
    with pytest.raises((ssl.SSLError, ConnectionError)):
        place.ask("/v1/fleet/pull-messages", context=client_context(str(place.authority.certificate)))
    assert not place.reached


def test_a_certificate_of_another_authority_opens_nothing(place, tmp_path):
    rogue = certificates.authority(tmp_path / "rogue").member(tmp_path / "rogue", "ada")
    with pytest.raises((ssl.SSLError, ConnectionError)):
        place.ask("/v1/fleet/pull-messages", identity=rogue)
    assert not place.reached


def test_a_servers_certificate_is_not_accepted_from_a_member(place):
    with pytest.raises((ssl.SSLError, ConnectionError)):
        place.ask("/v1/fleet/pull-messages", identity=place.server)


def test_a_member_does_not_go_to_a_gateway_that_its_authority_does_not_know(place, tmp_path):
    other = certificates.authority(tmp_path / "other")
    context = client_context(str(other.certificate), str(place.member.certificate), str(place.member.key))
    with pytest.raises(ssl.SSLCertVerificationError):
        place.ask("/v1/fleet/pull-messages", context=context)


def test_without_tls_no_request_is_read(place):
    with socket.create_connection((HERE, place.gateway.port), timeout=10) as plain:
        plain.sendall(b"POST /v1/fleet/pull-messages HTTP/1.1\r\ncontent-length: 0\r\n\r\n")
        assert not plain.recv(100).startswith(b"HTTP")
    assert not place.reached


def test_a_member_cannot_speak_for_another_or_for_a_key_it_made_up(place, tmp_path):
    other = place.authority.member(tmp_path / "ben", "ben")
    assert place.ask("/v1/fleet/activate-node", headers=claimed(other)) == 403
    assert place.ask("/v1/fleet/activate-node", headers={"flwr-public-key": "bm9uc2Vuc2U="}) == 401
    assert not place.reached


@pytest.mark.parametrize(
    "headers",
    [{"transfer-encoding": "chunked"}, {"content-length": "2, 2"}, {"content-length": "-1"}, {"content-length": "0x2"}],
)
def test_a_body_of_uncertain_length_is_not_passed_on(place, headers):
    assert place.ask("/v1/fleet/push-object", headers=headers) == 411
    assert not place.reached


def test_two_lengths_are_one_too_many(place):
    with (
        socket.create_connection((HERE, place.gateway.port), timeout=10) as plain,
        place.context().wrap_socket(plain, server_hostname=HERE) as tunnel,
    ):
        tunnel.sendall(b"POST /v1/fleet/push-object HTTP/1.1\r\ncontent-length: 0\r\ncontent-length: 40\r\n\r\n")
        assert tunnel.recv(100).startswith(b"HTTP/1.1 411")


def test_a_body_too_long_to_hold_is_refused_before_it_is_read(place):
    assert place.ask("/v1/fleet/push-object", headers={"content-length": str(2**40)}) == 413


def test_a_body_that_ends_too_early_is_not_passed_on(place):
    stated = "".join(f"{name}: {value}\r\n" for name, value in claimed(place.member).items())
    with (
        socket.create_connection((HERE, place.gateway.port), timeout=10) as plain,
        place.context().wrap_socket(plain, server_hostname=HERE) as tunnel,
    ):
        tunnel.sendall(f"POST /v1/fleet/push-object HTTP/1.1\r\ncontent-length: 40\r\n{stated}\r\nhi".encode())
        tunnel.shutdown(socket.SHUT_WR)
        while tunnel.recv(4096):
            pass
    assert not place.reached


def test_a_superlink_that_does_not_answer_is_reported_with_502(place):
    place.behind.shutdown()
    place.behind.server_close()
    assert place.ask("/v1/fleet/pull-messages") == 502


def test_through_its_door_a_supernode_reaches_the_gateway_and_only_the_fleet(place, tmp_path):
    inside = certificates.authority(tmp_path / "inside")
    there = Consortium(host=HERE, port=place.gateway.port, authority=str(place.authority.certificate), apps=())
    with serving(door((HERE, 0), inside.server(tmp_path / "inside", "door"), place.member, there)) as own:
        trusting = client_context(str(inside.certificate))
        assert place.ask("/v1/fleet/pull-messages", context=trusting, port=own.port) == 299
        assert place.ask("/v1/control/start-run", context=trusting, port=own.port) == 404
    assert len(place.reached) == 1


def test_an_answer_without_end_is_cut_off(place, monkeypatch):
    monkeypatch.setattr(forwarding, "_LONGEST", 4)
    assert place.ask("/v1/fleet/pull-messages") == 502
    assert len(place.reached) == 1


def test_a_door_that_agreed_to_no_app_lets_every_answer_in_but_the_one_that_carries_code(place, tmp_path):
    inside = certificates.authority(tmp_path / "inside")
    trusting = client_context(str(inside.certificate))
    uncoded = FLEET - {"/v1/fleet/get-fab"}
    with serving(place.superlink(200)) as answering:
        there = Consortium(host=HERE, port=answering.port, authority=str(place.authority.certificate), apps=())
        with serving(door((HERE, 0), inside.server(tmp_path / "inside", "door"), place.member, there)) as own:
            assert {place.ask(path, context=trusting, port=own.port) for path in uncoded} == {200}
    assert {request.path for request in place.reached} == uncoded
