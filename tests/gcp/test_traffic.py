# SPDX-License-Identifier: Apache-2.0
"""A stale shift is refused however late it comes, and the traffic is read back after each shift."""

import json

import pytest
from requests import Response
from tests.ports.backends_gcp import RELEASES

from federation.core.outcome import Shift
from federation.errors import ConflictError, MissingError, ServiceError
from federation.gcp.traffic import VertexTraffic
from federation.ports import Served

FIRST, SECOND = RELEASES
ENDPOINT = "projects/acme/locations/europe-west4/endpoints/42"


def shift(counter, release):
    return Shift(channel="production", counter=counter, release=release, warm=())


@pytest.fixture
def stored_endpoint(vertex_cloud, vertex_endpoint):
    """The endpoint as the service stores it."""
    return lambda: vertex_cloud.resources.all[vertex_endpoint]


def test_a_shift_is_one_read_and_one_change_and_then_only_a_read(vertex_traffic, vertex_cloud):
    vertex_traffic.shift(shift(1, FIRST))
    assert vertex_cloud.faults.calls == ["endpoints.get", "endpoints.patch"]
    vertex_traffic.shift(shift(1, FIRST))
    assert vertex_cloud.faults.calls == ["endpoints.get", "endpoints.patch", "endpoints.get"]


def test_foreign_labels_stay(vertex_traffic, stored_endpoint):
    stored_endpoint()["labels"] = {"team": "search"}
    vertex_traffic.shift(shift(1, FIRST))
    assert stored_endpoint()["labels"] == {"team": "search", "federation_counter": "1"}


def test_a_shift_to_a_release_that_is_not_deployed_changes_nothing(vertex_traffic):
    vertex_traffic.shift(shift(1, FIRST))
    with pytest.raises(MissingError, match="deploy a model with this display name"):
        vertex_traffic.shift(shift(2, "spiralverse-ai-federated-v9.9.9"))
    assert vertex_traffic.serving("production") == Served(counter=1, release=FIRST)


def test_a_release_that_is_not_deployed_is_refused_in_advance(vertex_traffic, vertex_cloud):
    assert vertex_traffic.refusal("production", FIRST) is None
    refusal = vertex_traffic.refusal("production", "spiralverse-ai-federated-v9.9.9")
    assert refusal.startswith("spiralverse-ai-federated-v9.9.9 is not deployed to projects/")
    assert refusal.endswith("deploy a model with this display name")
    assert vertex_cloud.faults.calls == ["endpoints.get", "endpoints.get"]


def test_a_channel_that_serves_nothing_has_no_traffic(vertex_traffic):
    vertex_traffic.shift(shift(1, FIRST))
    vertex_traffic.shift(shift(2, ""))
    assert vertex_traffic.serving("production") == Served(counter=2, release="")


def test_a_split_made_by_hand_is_reported_and_then_replaced(vertex_traffic, stored_endpoint):
    vertex_traffic.shift(shift(1, FIRST))
    first, second = (model["id"] for model in stored_endpoint()["deployedModels"])
    stored_endpoint()["trafficSplit"] = {first: 60, second: 40}
    assert vertex_traffic.serving("production") == Served(counter=1, release=f"{FIRST}, {SECOND}")
    vertex_traffic.shift(shift(1, FIRST))
    assert vertex_traffic.serving("production") == Served(counter=1, release=FIRST)


@pytest.mark.parametrize(
    "times", [("2026-01-05T08:00:00Z", "2026-01-05T08:00:00.5Z"), ("2026-01-05T08:00:00.5Z", "2026-01-05T08:00:00Z")]
)
def test_of_two_models_for_one_release_the_later_one_serves(vertex_traffic, stored_endpoint, times):
    first, second = stored_endpoint()["deployedModels"]
    second["displayName"] = FIRST
    first["createTime"], second["createTime"] = times
    vertex_traffic.shift(shift(1, FIRST))
    assert stored_endpoint()["trafficSplit"] == {
        max((first, second), key=lambda model: ".5" in model["createTime"])["id"]: 100
    }


def test_a_model_without_traffic_does_not_serve(vertex_traffic, stored_endpoint):
    vertex_traffic.shift(shift(1, FIRST))
    first, second = (model["id"] for model in stored_endpoint()["deployedModels"])
    stored_endpoint()["trafficSplit"] = {first: 0, second: 100}
    assert vertex_traffic.serving("production") == Served(counter=1, release=SECOND)


class InterferingSession:
    """A session that makes another change between our read and our change."""

    def __init__(self, session, changes):
        self._session = session
        self._meddle = changes

    def request(self, method, *args, **options):
        if method == "PATCH" and self._meddle:
            self._meddle.pop()()
        return self._session.request(method, *args, **options)


def test_of_two_concurrent_shifts_the_higher_counter_stays(
    vertex_traffic, vertex_cloud, google_session, vertex_endpoint
):
    session = InterferingSession(google_session, [lambda: vertex_traffic.shift(shift(5, SECOND))])
    slow_traffic = VertexTraffic(lambda: session, {"production": vertex_endpoint}, api=vertex_cloud.endpoint)
    slow_traffic.shift(shift(4, FIRST))
    assert vertex_traffic.serving("production") == Served(counter=5, release=SECOND)


def test_an_unrelated_change_makes_the_shift_read_again(
    vertex_traffic, vertex_cloud, google_session, vertex_endpoint, stored_endpoint
):
    session = InterferingSession(
        google_session, [lambda: vertex_cloud.resources.touch(stored_endpoint(), description="x")]
    )
    VertexTraffic(lambda: session, {"production": vertex_endpoint}, api=vertex_cloud.endpoint).shift(shift(1, FIRST))
    assert vertex_traffic.serving("production") == Served(counter=1, release=FIRST)


def test_an_endpoint_that_changes_at_every_attempt_is_a_conflict(
    vertex_cloud, google_session, vertex_endpoint, stored_endpoint
):
    session = InterferingSession(google_session, [lambda: vertex_cloud.resources.touch(stored_endpoint())] * 9)
    traffic = VertexTraffic(lambda: session, {"production": vertex_endpoint}, api=vertex_cloud.endpoint)
    with pytest.raises(ConflictError, match="changed the endpoint of channel production during each of 4 attempts"):
        traffic.shift(shift(1, FIRST))


def test_a_shift_whose_answer_was_lost_is_found_done(vertex_traffic, vertex_cloud):
    vertex_cloud.faults.lose("endpoints.patch")
    with pytest.raises(ServiceError, match="Vertex AI did not shift production to"):
        vertex_traffic.shift(shift(1, FIRST))
    vertex_traffic.shift(shift(1, FIRST))
    assert vertex_cloud.faults.calls.count("endpoints.patch") == 1


class DroppingSession:
    """A session that drops the traffic split of every change."""

    def __init__(self, session):
        self._session = session

    def request(self, method, *args, json=None, **options):
        delivered = {key: value for key, value in json.items() if key != "trafficSplit"} if method == "PATCH" else json
        return self._session.request(method, *args, json=delivered, **options)


def test_a_shift_that_was_confirmed_but_not_made_is_a_failure(vertex_cloud, google_session, vertex_endpoint):
    traffic = VertexTraffic(
        lambda: DroppingSession(google_session), {"production": vertex_endpoint}, api=vertex_cloud.endpoint
    )
    with pytest.raises(ServiceError, match="its split is"):
        traffic.shift(shift(1, FIRST))


def test_the_serving_release_is_probed_with_a_prompt(vertex_traffic, vertex_cloud):
    vertex_traffic.shift(shift(1, FIRST))
    assert vertex_traffic.probe("production", FIRST) is True
    assert vertex_cloud.faults.calls[-1] == "endpoints.rawPredict"
    vertex_cloud.endpoints.broken.add(FIRST)
    assert vertex_traffic.probe("production", FIRST) is False


def test_a_warm_release_is_probed_by_its_deployment_only(vertex_traffic, vertex_cloud):
    vertex_traffic.shift(shift(1, FIRST))
    assert vertex_traffic.probe("production", SECOND) is True
    assert vertex_traffic.probe("production", "spiralverse-ai-federated-v9.9.9") is False
    assert "endpoints.rawPredict" not in vertex_cloud.faults.calls


@pytest.mark.parametrize("status", [404, 405, 415, 429, 500])
def test_a_release_that_refuses_its_golden_prompt_fails_the_probe(vertex_traffic, vertex_cloud, status):
    vertex_traffic.shift(shift(1, FIRST))
    vertex_cloud.endpoints.refusing[FIRST] = status
    assert vertex_traffic.probe("production", FIRST) is False


def test_a_probe_that_is_throttled_or_denied_proves_nothing(vertex_traffic, vertex_cloud):
    vertex_traffic.shift(shift(1, FIRST))
    for status in (403, 429):
        vertex_cloud.faults.refuse("endpoints.rawPredict", status)
        with pytest.raises(ServiceError, match=str(status)):
            vertex_traffic.probe("production", FIRST)


def test_a_page_in_place_of_a_nodes_answer_proves_nothing(
    vertex_traffic, vertex_cloud, google_session, vertex_endpoint
):
    """A node may answer in any format, but Vertex AI names the model that answered."""
    vertex_traffic.shift(shift(1, FIRST))
    for body, headers, expected in (
        (b"<html>Sign in</html>", {}, None),
        (b'"ready"', {}, None),
        (b"ready", {"x-vertex-ai-deployed-model-id": "7"}, True),
        (b'{"predictions": ["ready"]}', {}, True),
    ):
        session = ProxySession(google_session, body, headers)
        traffic = VertexTraffic(
            lambda session_=session: session_, {"production": vertex_endpoint}, api=vertex_cloud.endpoint
        )
        if expected:
            assert traffic.probe("production", FIRST) is expected
            continue
        with pytest.raises(ServiceError, match="the answer did not come from a node"):
            traffic.probe("production", FIRST)


class ProxySession:
    """A session in which a proxy answers every prompt, with status 200."""

    def __init__(self, session, body, headers):
        self._session = session
        self._answer = Response()
        self._answer.status_code, self._answer._content = 200, body
        self._answer.headers.update(headers)

    def request(self, method, *args, **options):
        return self._answer if method == "POST" else self._session.request(method, *args, **options)


def test_a_channel_without_an_endpoint_is_named(vertex_traffic):
    with pytest.raises(MissingError, match="channel staging has no endpoint"):
        vertex_traffic.serving("staging")


class DedicatedEndpoint:
    """A session to an endpoint with its own address; the shared address refuses predictions, as Vertex does."""

    def __init__(self, address):
        self.address = address
        self.asked = []

    def request(self, method, url, **_options):
        del _options
        self.asked.append(url)
        shared = "europe-west4-aiplatform.googleapis.com" in url
        answer = Response()
        answer.status_code = 400 if method == "POST" and shared else 200
        model = {"id": "7", "displayName": FIRST}
        endpoint = {
            "name": ENDPOINT,
            "etag": "1",
            "dedicatedEndpointEnabled": True,
            "dedicatedEndpointDns": self.address,
        }
        answer._content = json.dumps({**endpoint, "deployedModels": [model], "trafficSplit": {"7": 100}}).encode()
        return answer


@pytest.mark.parametrize("scheme", ["", "https://"])
def test_a_dedicated_endpoint_is_probed_at_its_own_address(scheme):
    session = DedicatedEndpoint(f"{scheme}42.europe-west4-1234.prediction.vertexai.goog")
    assert VertexTraffic(lambda: session, {"production": ENDPOINT}).probe("production", FIRST) is True
    assert session.asked[-1] == f"https://42.europe-west4-1234.prediction.vertexai.goog/v1/{ENDPOINT}:rawPredict"


def test_only_an_address_of_vertex_gets_our_token():
    session = DedicatedEndpoint("prediction.vertexai.goog.example.org")
    with pytest.raises(ServiceError, match="which is not one of its own"):
        VertexTraffic(lambda: session, {"production": ENDPOINT}).probe("production", FIRST)
    assert len(session.asked) == 1
