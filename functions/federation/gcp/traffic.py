# SPDX-License-Identifier: Apache-2.0
"""Nodes on Vertex AI: one endpoint per channel, whose traffic goes to the deployed model named like the release.

A warm release is a deployed model without traffic, so rolling back to it is one change of the split. A label of the
endpoint contains the counter of the last shift, and every change is conditional on the etag that was read, so a stale
shift is refused even if it comes late. Models are deployed beforehand, with the release as their display name.
https://cloud.google.com/vertex-ai/docs/reference/rest/v1/projects.locations.endpoints
"""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import msgspec

from federation.core import instant
from federation.core.outcome import Shift
from federation.errors import ConflictError, MissingError, ServiceError
from federation.gcp.rest import Rest
from federation.gcp.vertex_artifacts import service_url
from federation.ports import Served

COUNTER: Final = "federation_counter"
GOLDEN_PROMPT: Final[Mapping[str, Any]] = {"prompt": "federation: are you ready?", "max_tokens": 1}
"""The body of a probe. Any successful response of a node proves that the release can answer."""

_DEDICATED: Final = re.compile(r"[a-z0-9.-]+\.prediction\.vertexai\.goog", re.ASCII)
_ATTEMPTS: Final = 4
_ALL: Final = 100
_SUCCESS: Final = 200
_RELEASE: Final = re.compile(r"-ai-federated-v\d+\.\d+\.\d+$", re.ASCII)
_ABOUT_THE_NODE: Final = frozenset({400, 422, 500, 501, 502, 503, 504})
_SERVED_BY: Final = "x-vertex-ai-deployed-model-id"
"""Header of every answer from a node, also of errors: https://cloud.google.com/vertex-ai/docs/reference/rest/v1/projects.locations.endpoints/rawPredict"""


class VertexTraffic:
    """Endpoints by channel: `projects/<project>/locations/<region>/endpoints/<id>`."""

    def __init__(self, session: Callable[[], Any], endpoints: Mapping[str, str], api: str | None = None) -> None:
        self._rest = Rest(session, "Vertex AI")
        self._endpoints = endpoints
        self._api = api

    def refusal(self, channel: str, release: str) -> str | None:
        """Why the release cannot be served: no deployed model has its name, or the endpoint is not ours. None if it can."""
        endpoint = self._read(channel)
        return _foreign_reason(endpoint) or (
            None if _model_id(endpoint, release) else _not_deployed_reason(endpoint, release)
        )

    def shift(self, shift: Shift) -> None:
        """Serve that release and keep the warm ones ready; a counter below the last one applied changes nothing.

        Raises:
            MissingError: No deployed model has the release's name.
            ServiceError: The endpoint is not ours: it serves models of others, and we never shifted it.
            ConflictError: Others changed the endpoint during every attempt.
        """
        for _ in range(_ATTEMPTS):
            endpoint = self._read(shift.channel)
            if (_counter(endpoint) or 0) > shift.counter:
                return None
            if why := _foreign_reason(endpoint):
                raise ServiceError(why)
            split = _traffic_split(endpoint, shift)
            if _counter(endpoint) == shift.counter and endpoint.get("trafficSplit", {}) == split:
                return None
            try:
                return self._change(endpoint, shift, split)
            except ConflictError:
                continue
        raise ConflictError(
            f"others changed the endpoint of channel {shift.channel} during each of {_ATTEMPTS} attempts"
        )

    def serving(self, channel: str) -> Served | None:
        """The release that the endpoint serves; None before the first shift. If several serve, all are named."""
        endpoint = self._read(channel)
        counter = _counter(endpoint)
        if counter is None:
            return None
        return Served(counter=counter, release=", ".join(_serving_names(endpoint)))

    def probe(self, channel: str, release: str) -> bool:
        """Whether the release answers a golden prompt now; for a release without all traffic, whether it is deployed."""
        endpoint = self._read(channel)
        model = _model_id(endpoint, release)
        if model is None:
            return False
        if endpoint.get("trafficSplit", {}).get(model) != _ALL:
            return True
        operation, url = f"answer a golden prompt for {release}", f"{self._inference_url(channel, endpoint)}:rawPredict"
        response = self._rest.answer(operation, "POST", url, body=GOLDEN_PROMPT)
        status = response.status_code
        if status == _SUCCESS:
            if not (_SERVED_BY in response.headers or _is_object(response.content)):
                raise ServiceError(
                    f"Vertex AI did not {operation}: the answer did not come from a node: {response.text:.200}"
                )
        elif status not in _ABOUT_THE_NODE and _SERVED_BY not in response.headers:
            raise ServiceError(f"Vertex AI did not {operation}: {status}")
        return bool(status == _SUCCESS)

    def _change(self, endpoint: Mapping[str, Any], shift: Shift, split: Mapping[str, int]) -> None:
        change = {
            "etag": endpoint["etag"],
            "labels": {**endpoint.get("labels", {}), COUNTER: str(shift.counter)},
            "trafficSplit": split,
        }
        operation = f"shift {shift.channel} to {shift.release or 'nothing'}"
        mask = {"updateMask": "labels,trafficSplit"}
        changed = self._rest.ask(operation, "PATCH", self._url(shift.channel), body=change, query=mask)
        if changed.get("trafficSplit", {}) != split:
            raise ServiceError(f"Vertex AI did not {operation}: its split is {changed.get('trafficSplit')}")

    def _read(self, channel: str) -> Mapping[str, Any]:
        operation = f"show the endpoint of {channel}"
        endpoint: Mapping[str, Any] = self._rest.ask(operation, "GET", self._url(channel))
        if not {"name", "etag"} <= endpoint.keys():
            raise ServiceError(f"Vertex AI did not {operation}: the answer is no endpoint")
        return endpoint

    def _inference_url(self, channel: str, endpoint: Mapping[str, Any]) -> str:
        """The URL for predictions. A dedicated endpoint does not answer at the shared address.

        Raises:
            ServiceError: Its address does not belong to Vertex AI, and nobody else may see our token.
        """
        address = str(endpoint.get("dedicatedEndpointDns", "")) if endpoint.get("dedicatedEndpointEnabled") else ""
        if not address:
            return self._url(channel)
        host = address.removeprefix("https://").rstrip("/")
        if not _DEDICATED.fullmatch(host):
            raise ServiceError(
                f"Vertex AI names {host:.200} as the address of {endpoint['name']}, which is not one of its own"
            )
        return f"https://{host}/v1/{self._endpoints[channel]}"

    def _url(self, channel: str) -> str:
        if channel not in self._endpoints:
            raise MissingError(f"channel {channel} has no endpoint; name one in FEDERATION_ENDPOINT")
        name = self._endpoints[channel]
        return f"{service_url(name.split('/')[3], self._api)}/{name}"


def _traffic_split(endpoint: Mapping[str, Any], shift: Shift) -> dict[str, int]:
    """All traffic to the release's model; empty if the channel serves nothing."""
    if not shift.release:
        return {}
    model = _model_id(endpoint, shift.release)
    if model is None:
        raise MissingError(f"{_not_deployed_reason(endpoint, shift.release)}; the shift will then be tried again")
    return {model: _ALL}


def _foreign_reason(endpoint: Mapping[str, Any]) -> str | None:
    """Why we must not change the endpoint: before our first shift, it serves models of others. None if we may."""
    names = _serving_names(endpoint)
    if not names or any(_RELEASE.search(name) for name in names) or _counter(endpoint) is not None:
        return None
    return (
        f"the endpoint {endpoint['name']} serves {', '.join(names)}, which no release made; name a new endpoint "
        "(FEDERATION_ENDPOINT; in Terraform the variable endpoint), then move your callers"
    )


def _serving_names(endpoint: Mapping[str, Any]) -> Sequence[str]:
    """The names of the deployed models that get prompts."""
    names = {model["id"]: str(model.get("displayName", model["id"])) for model in endpoint.get("deployedModels", ())}
    return sorted(names.get(id_, id_) for id_, share in endpoint.get("trafficSplit", {}).items() if share)


def _is_object(body: bytes) -> bool:
    """Whether the body is a JSON object, as a prediction is."""
    try:
        return isinstance(msgspec.json.decode(body), dict)
    except msgspec.DecodeError:
        return False


def _not_deployed_reason(endpoint: Mapping[str, Any], release: str) -> str:
    return f"{release} is not deployed to {endpoint['name']}; deploy a model with this display name"


def _model_id(endpoint: Mapping[str, Any], release: str) -> str | None:
    """The id of the deployed model with the release's name, the newest of several; None if there is none."""
    models = [model for model in endpoint.get("deployedModels", ()) if model.get("displayName") == release]
    return str(max(models, key=lambda model: instant.order(model.get("createTime", "")))["id"]) if models else None


def _counter(endpoint: Mapping[str, Any]) -> int | None:
    label = endpoint.get("labels", {}).get(COUNTER, "")
    return int(label) if label.isdecimal() else None
