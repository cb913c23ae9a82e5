# SPDX-License-Identifier: Apache-2.0
"""A stale shift is refused however late it comes, and what is really served is read back."""

import json

import pytest
from requests import Response
from tests.ports.backends_gcp import RELEASES

from federation.core.outcome import Shift
from federation.errors import ConflictError, MissingError, ServiceError
from federation.gcp.traffic import VertexTraffic
from federation.ports import Served

A, B = RELEASES
ENDPOINT = "projects/acme/locations/europe-west4/endpoints/42"


def shift(counter, release):
    return Shift(channel="production", counter=counter, release=release, warm=())


@pytest.fixture
def live(vertex_cloud, vertex_endpoint):
    """The endpoint as the service holds it."""
    return lambda: vertex_cloud.resources.all[vertex_endpoint]


def test_a_shift_is_one_read_and_one_change_and_none_the_second_time(vertex_traffic, vertex_cloud):
    vertex_traffic.shift(shift(1, A))
    assert vertex_cloud.faults.calls == ["endpoints.get", "endpoints.patch"]
    vertex_traffic.shift(shift(1, A))
    assert vertex_cloud.faults.calls == ["endpoints.get", "endpoints.patch", "endpoints.get"]


def test_labels_of_others_stay(vertex_traffic, live):
    live()["labels"] = {"team": "search"}
    vertex_traffic.shift(shift(1, A))
    assert live()["labels"] == {"team": "search", "federation_counter": "1"}


def test_a_release_that_is_not_deployed_is_asked_for_and_nothing_changes(vertex_traffic):
    vertex_traffic.shift(shift(1, A))
    with pytest.raises(MissingError, match="deploy a model with this display name"):
        vertex_traffic.shift(shift(2, "spiralverse-ai-federated-v9.9.9"))
    assert vertex_traffic.serving("production") == Served(counter=1, release=A)


def test_a_release_that_is_not_deployed_is_refused_before_it_is_shifted_to(vertex_traffic, vertex_cloud):
    assert vertex_traffic.refusal("production", A) is None
    said = vertex_traffic.refusal("production", "spiralverse-ai-federated-v9.9.9")
    assert said.startswith("spiralverse-ai-federated-v9.9.9 is not deployed to projects/")
    assert said.endswith("deploy a model with this display name")
    assert vertex_cloud.faults.calls == ["endpoints.get", "endpoints.get"]


def test_a_channel_that_serves_nothing_has_no_traffic(vertex_traffic):
    vertex_traffic.shift(shift(1, A))
    vertex_traffic.shift(shift(2, ""))
    assert vertex_traffic.serving("production") == Served(counter=2, release="")


def test_a_split_that_somebody_made_by_hand_is_told_as_it_is(vertex_traffic, live):
    vertex_traffic.shift(shift(1, A))
    first, second = (model["id"] for model in live()["deployedModels"])
    live()["trafficSplit"] = {first: 60, second: 40}
    assert vertex_traffic.serving("production") == Served(counter=1, release=f"{A}, {B}")
    vertex_traffic.shift(shift(1, A))
    assert vertex_traffic.serving("production") == Served(counter=1, release=A)


@pytest.mark.parametrize(
    "times", [("2026-01-05T08:00:00Z", "2026-01-05T08:00:00.5Z"), ("2026-01-05T08:00:00.5Z", "2026-01-05T08:00:00Z")]
)
def test_of_two_models_deployed_for_one_release_the_later_one_serves(vertex_traffic, live, times):
    first, second = live()["deployedModels"]
    second["displayName"] = A
    first["createTime"], second["createTime"] = times
    vertex_traffic.shift(shift(1, A))
    assert live()["trafficSplit"] == {max((first, second), key=lambda one: ".5" in one["createTime"])["id"]: 100}


def test_a_model_without_traffic_serves_nothing(vertex_traffic, live):
    vertex_traffic.shift(shift(1, A))
    first, second = (model["id"] for model in live()["deployedModels"])
    live()["trafficSplit"] = {first: 0, second: 100}
    assert vertex_traffic.serving("production") == Served(counter=1, release=B)


class Meddling:
    """A session beside which somebody else shifts between our read and our change."""

    def __init__(self, session, meddle):
        self._session = session
        self._meddle = meddle

    def request(self, method, *args, **options):
        if method == "PATCH" and self._meddle:
            self._meddle.pop()()
        return self._session.request(method, *args, **options)


def test_of_two_shifts_at_once_the_higher_counter_stays(vertex_traffic, vertex_cloud, google_session, vertex_endpoint):
    session = Meddling(google_session, [lambda: vertex_traffic.shift(shift(5, B))])
    slow = VertexTraffic(lambda: session, {"production": vertex_endpoint}, api=vertex_cloud.endpoint)
    slow.shift(shift(4, A))
    assert vertex_traffic.serving("production") == Served(counter=5, release=B)


def test_a_change_of_something_else_meanwhile_only_makes_it_read_again(
    vertex_traffic, vertex_cloud, google_session, vertex_endpoint, live
):
    session = Meddling(google_session, [lambda: vertex_cloud.resources.touch(live(), description="x")])
    VertexTraffic(lambda: session, {"production": vertex_endpoint}, api=vertex_cloud.endpoint).shift(shift(1, A))
    assert vertex_traffic.serving("production") == Served(counter=1, release=A)


def test_an_endpoint_that_never_stands_still_is_a_conflict(vertex_cloud, google_session, vertex_endpoint, live):
    session = Meddling(google_session, [lambda: vertex_cloud.resources.touch(live())] * 9)
    traffic = VertexTraffic(lambda: session, {"production": vertex_endpoint}, api=vertex_cloud.endpoint)
    with pytest.raises(ConflictError, match="changed the endpoint of channel production during each of 4 attempts"):
        traffic.shift(shift(1, A))


def test_a_shift_whose_answer_was_lost_is_found_done(vertex_traffic, vertex_cloud):
    vertex_cloud.faults.lose("endpoints.patch")
    with pytest.raises(ServiceError, match="Vertex AI did not shift production to"):
        vertex_traffic.shift(shift(1, A))
    vertex_traffic.shift(shift(1, A))
    assert vertex_cloud.faults.calls.count("endpoints.patch") == 1


class Deaf:
    """A session through which changes arrive without their split."""

    def __init__(self, session):
        self._session = session

    def request(self, method, *args, json=None, **options):
        heard = {key: value for key, value in json.items() if key != "trafficSplit"} if method == "PATCH" else json
        return self._session.request(method, *args, json=heard, **options)


def test_a_shift_that_was_answered_and_not_made_is_a_failure(vertex_cloud, google_session, vertex_endpoint):
    traffic = VertexTraffic(lambda: Deaf(google_session), {"production": vertex_endpoint}, api=vertex_cloud.endpoint)
    with pytest.raises(ServiceError, match="its split is"):
        traffic.shift(shift(1, A))


def test_the_release_that_serves_is_proven_by_an_answer(vertex_traffic, vertex_cloud):
    vertex_traffic.shift(shift(1, A))
    assert vertex_traffic.probe("production", A) is True
    assert vertex_cloud.faults.calls[-1] == "endpoints.rawPredict"
    vertex_cloud.endpoints.broken.add(A)
    assert vertex_traffic.probe("production", A) is False


def test_a_warm_release_is_there_or_not(vertex_traffic, vertex_cloud):
    vertex_traffic.shift(shift(1, A))
    assert vertex_traffic.probe("production", B) is True
    assert vertex_traffic.probe("production", "spiralverse-ai-federated-v9.9.9") is False
    assert "endpoints.rawPredict" not in vertex_cloud.faults.calls


@pytest.mark.parametrize("status", [404, 405, 415, 429, 500])
def test_a_release_that_refuses_its_golden_prompt_does_not_answer_whatever_the_status(
    vertex_traffic, vertex_cloud, status
):
    vertex_traffic.shift(shift(1, A))
    vertex_cloud.endpoints.refusing[A] = status
    assert vertex_traffic.probe("production", A) is False


def test_a_probe_that_is_throttled_or_denied_proves_nothing(vertex_traffic, vertex_cloud):
    vertex_traffic.shift(shift(1, A))
    for status in (403, 429):
        vertex_cloud.faults.refuse("endpoints.rawPredict", status)
        with pytest.raises(ServiceError, match=str(status)):
            vertex_traffic.probe("production", A)


def test_a_page_in_a_nodes_place_proves_nothing(vertex_traffic, vertex_cloud, google_session, vertex_endpoint):
    """Whatever a node's own format is, Vertex AI names the model that answered."""
    vertex_traffic.shift(shift(1, A))
    for body, headers, told in (
        (b"<html>Sign in</html>", {}, None),
        (b'"ready"', {}, None),
        (b"ready", {"x-vertex-ai-deployed-model-id": "7"}, True),
        (b'{"predictions": ["ready"]}', {}, True),
    ):
        session = InItsPlace(google_session, body, headers)
        traffic = VertexTraffic(lambda one=session: one, {"production": vertex_endpoint}, api=vertex_cloud.endpoint)
        if told:
            assert traffic.probe("production", A) is told
            continue
        with pytest.raises(ServiceError, match="the answer is no node's"):
            traffic.probe("production", A)


class InItsPlace:
    """A session in which somebody else answers every prompt, with success."""

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


class Dedicated:
    """A session to an endpoint with an address of its own; the shared one refuses predictions, as Vertex does."""

    def __init__(self, address):
        self.address = address
        self.asked = []

    def request(self, method, url, **rest):
        del rest
        self.asked.append(url)
        shared = "europe-west4-aiplatform.googleapis.com" in url
        answer = Response()
        answer.status_code = 400 if method == "POST" and shared else 200
        model = {"id": "7", "displayName": A}
        told = {"name": ENDPOINT, "etag": "1", "dedicatedEndpointEnabled": True, "dedicatedEndpointDns": self.address}
        answer._content = json.dumps({**told, "deployedModels": [model], "trafficSplit": {"7": 100}}).encode()
        return answer


@pytest.mark.parametrize("scheme", ["", "https://"])
def test_a_dedicated_endpoint_is_asked_at_its_own_address(scheme):
    session = Dedicated(f"{scheme}42.europe-west4-1234.prediction.vertexai.goog")
    assert VertexTraffic(lambda: session, {"production": ENDPOINT}).probe("production", A) is True
    assert session.asked[-1] == f"https://42.europe-west4-1234.prediction.vertexai.goog/v1/{ENDPOINT}:rawPredict"


def test_no_address_but_vertexs_own_is_shown_our_token():
    session = Dedicated("prediction.vertexai.goog.example.org")
    with pytest.raises(ServiceError, match="which is not one of its own"):
        VertexTraffic(lambda: session, {"production": ENDPOINT}).probe("production", A)
    assert len(session.asked) == 1
