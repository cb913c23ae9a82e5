# SPDX-License-Identifier: Apache-2.0
"""Nodes on Vertex AI: one endpoint per channel, whose traffic goes to the deployed model named like the release.

A warm release is a deployed model without traffic, so going back to it is one change of the split. A label of the
endpoint contains the counter of the last shift, and every change is conditional on the etag that was read, so that a
stale shift is refused however late it comes. Models are deployed beforehand, with the release as their display name.
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
"""The body of a probe; any successful response of a node proves that the release can answer."""

_DEDICATED: Final = re.compile(r"[a-z0-9.-]+\.prediction\.vertexai\.goog", re.ASCII)
_ATTEMPTS: Final = 4
_ALL: Final = 100
_SUCCESS: Final = 200
_RELEASE: Final = re.compile(r"-ai-federated-v\d+\.\d+\.\d+$", re.ASCII)
_ABOUT_THE_NODE: Final = frozenset({400, 422, 500, 501, 502, 503, 504})
_SERVED_BY: Final = "x-vertex-ai-deployed-model-id"
"""Header of every answer that comes from a node, whatever its status: https://cloud.google.com/vertex-ai/docs/reference/rest/v1/projects.locations.endpoints/rawPredict"""


class VertexTraffic:
    """Endpoints by channel: `projects/<project>/locations/<region>/endpoints/<id>`."""

    def __init__(self, session: Callable[[], Any], endpoints: Mapping[str, str], api: str | None = None) -> None:
        self._rest = Rest(session, "Vertex AI")
        self._endpoints = endpoints
        self._api = api

    def refusal(self, channel: str, release: str) -> str | None:
        """Why the release cannot be served: no deployed model has its name, or the endpoint is somebody's."""
        endpoint = self._read(channel)
        return _taken(endpoint) or (None if _deployed(endpoint, release) else _undeployed(endpoint, release))

    def shift(self, shift: Shift) -> None:
        """Serve that release and keep the warm ones ready; a counter below the last one applied changes nothing.

        Raises:
            MissingError: No deployed model has the release's name.
            ServiceError: The endpoint serves what somebody deployed before any release.
            ConflictError: Others kept changing the endpoint in between.
        """
        for _ in range(_ATTEMPTS):
            endpoint = self._read(shift.channel)
            if (_counter(endpoint) or 0) > shift.counter:
                return None
            if why := _taken(endpoint):
                raise ServiceError(why)
            split = _split(endpoint, shift)
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
        """What is really served, read back; None before the first shift. If several releases serve, all are named."""
        endpoint = self._read(channel)
        counter = _counter(endpoint)
        if counter is None:
            return None
        return Served(counter=counter, release=", ".join(_serving(endpoint)))

    def probe(self, channel: str, release: str) -> bool:
        """Whether that release answers a golden prompt now; or, without traffic, only whether it is deployed."""
        endpoint = self._read(channel)
        model = _deployed(endpoint, release)
        if model is None:
            return False
        if endpoint.get("trafficSplit", {}).get(model) != _ALL:
            return True
        operation, url = f"answer a golden prompt for {release}", f"{self._asked_at(channel, endpoint)}:rawPredict"
        response = self._rest.answer(operation, "POST", url, body=GOLDEN_PROMPT)
        status = response.status_code
        if status == _SUCCESS:
            if not (_SERVED_BY in response.headers or _is_object(response.content)):
                raise ServiceError(f"Vertex AI did not {operation}: the answer is no node's: {response.text:.200}")
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
        found: Mapping[str, Any] = self._rest.ask(operation, "GET", self._url(channel))
        if not {"name", "etag"} <= found.keys():
            raise ServiceError(f"Vertex AI did not {operation}: the answer is no endpoint")
        return found

    def _asked_at(self, channel: str, endpoint: Mapping[str, Any]) -> str:
        """The URL at which the endpoint is asked: a dedicated one does not answer at the shared address.

        Raises:
            ServiceError: Its own address is not one of Vertex AI's, and nobody else may see our token.
        """
        told = str(endpoint.get("dedicatedEndpointDns", "")) if endpoint.get("dedicatedEndpointEnabled") else ""
        if not told:
            return self._url(channel)
        host = told.removeprefix("https://").rstrip("/")
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


def _split(endpoint: Mapping[str, Any], shift: Shift) -> dict[str, int]:
    """All traffic to the release's model; none at all when the channel serves nothing."""
    if not shift.release:
        return {}
    model = _deployed(endpoint, shift.release)
    if model is None:
        raise MissingError(f"{_undeployed(endpoint, shift.release)}; the shift will then be tried again")
    return {model: _ALL}


def _taken(endpoint: Mapping[str, Any]) -> str | None:
    """Why the endpoint is not ours to change: before our first shift it serves what is no release; else None."""
    others = [name for name in _serving(endpoint) if not _RELEASE.search(name)]
    if not others or _counter(endpoint) is not None:
        return None
    return (
        f"the endpoint {endpoint['name']} serves {', '.join(others)}, which no release made; name a new endpoint "
        "(FEDERATION_ENDPOINT; in Terraform the variable endpoint), then move your callers"
    )


def _serving(endpoint: Mapping[str, Any]) -> Sequence[str]:
    """The names of the deployed models that get prompts."""
    names = {one["id"]: str(one.get("displayName", one["id"])) for one in endpoint.get("deployedModels", ())}
    return sorted(names.get(id_, id_) for id_, share in endpoint.get("trafficSplit", {}).items() if share)


def _is_object(body: bytes) -> bool:
    """Whether it is JSON in the form of a prediction."""
    try:
        return isinstance(msgspec.json.decode(body), dict)
    except msgspec.DecodeError:
        return False


def _undeployed(endpoint: Mapping[str, Any], release: str) -> str:
    return f"{release} is not deployed to {endpoint['name']}; deploy a model with this display name"


def _deployed(endpoint: Mapping[str, Any], release: str) -> str | None:
    """The id of the deployed model with the release's name, the latest of several."""
    found = [one for one in endpoint.get("deployedModels", ()) if one.get("displayName") == release]
    return str(max(found, key=lambda one: instant.order(one.get("createTime", "")))["id"]) if found else None


def _counter(endpoint: Mapping[str, Any]) -> int | None:
    told = endpoint.get("labels", {}).get(COUNTER, "")
    return int(told) if told.isdecimal() else None
