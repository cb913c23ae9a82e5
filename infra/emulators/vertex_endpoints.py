# SPDX-License-Identifier: Apache-2.0
"""What does an endpoint serve, and who may change it? Splits must add up to 100, and an outdated etag is refused."""

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from infra.emulators.http_serving import Answer, Call, Refusal, Route, shown
from infra.emulators.vertex_resources import PARENT, Resources, moment

_ENDPOINT: Final = f"{PARENT}/endpoints/([^/:]+)"
_ALL: Final = 100
_CHANGEABLE: Final = ("displayName", "description", "labels", "trafficSplit")


class Endpoints:
    """Endpoints, the models deployed to them, and predictions.

    `broken` contains the deployed models that do not answer, `refusing` the statuses with which others answer, both by
    display name.
    """

    def __init__(self, resources: Resources) -> None:
        self._resources = resources
        self.broken: set[str] = set()
        self.refusing: dict[str, int] = {}

    def create(self, call: Call, project: str, location: str) -> Answer:
        """An operation whose response is the endpoint."""
        parent = self._resources.parent(project, location)
        with self._resources.lock:
            name = f"{parent}/endpoints/{self._resources.id()}"
            return self._resources.operation(parent, "CreateEndpoint", self._resources.keep(name, call.json()))

    def get(self, call: Call, project: str, location: str, endpoint: str) -> Answer:
        """The endpoint; as everywhere in the API, empty maps and lists are omitted."""
        del call
        found = self._there(project, location, endpoint)
        return shown({key: value for key, value in found.items() if value not in ({}, [])})

    def patch(self, call: Call, project: str, location: str, endpoint: str) -> Answer:
        """Change the fields that the mask names; answers with the endpoint at once."""
        asked, mask = call.json(), call.query.get("updateMask", "").split(",")
        with self._resources.lock:
            found = self._there(project, location, endpoint)
            if asked.get("etag") not in {None, found["etag"]}:
                raise Refusal(409, "The etag does not match: the endpoint was changed meanwhile.")
            if unknown := [one for one in mask if one not in _CHANGEABLE]:
                raise Refusal(400, f"Invalid update mask: {', '.join(unknown)}")
            if "trafficSplit" in mask:
                _check(asked.get("trafficSplit", {}), found)
            self._resources.touch(found, **{one: asked.get(one, {}) for one in mask})
        return self.get(call, project, location, endpoint)

    def deploy(self, call: Call, project: str, location: str, endpoint: str) -> Answer:
        """An operation whose response is the deployed model; traffic is set as the request says."""
        asked, parent = call.json(), self._resources.parent(project, location)
        with self._resources.lock:
            found = self._there(project, location, endpoint)
            model = {**asked["deployedModel"], "id": self._resources.id(), "createTime": moment()}
            split = {model["id"] if id_ == "0" else id_: share for id_, share in asked.get("trafficSplit", {}).items()}
            models = [*found.get("deployedModels", ()), model]
            changes = {"deployedModels": models, **({"trafficSplit": split} if split else {})}
            self._resources.touch(found, **changes)
            return self._resources.operation(parent, "DeployModel", {"deployedModel": model})

    def undeploy(self, call: Call, project: str, location: str, endpoint: str) -> Answer:
        """An operation; a model with traffic stays."""
        asked, parent = call.json(), self._resources.parent(project, location)
        with self._resources.lock:
            found, gone = self._there(project, location, endpoint), asked["deployedModelId"]
            if found.get("trafficSplit", {}).get(gone):
                raise Refusal(400, "Cannot undeploy a model that receives traffic.", status="FAILED_PRECONDITION")
            models = [one for one in found.get("deployedModels", ()) if one["id"] != gone]
            self._resources.touch(found, deployedModels=models)
            return self._resources.operation(parent, "UndeployModel", {})

    def predict(self, call: Call, project: str, location: str, endpoint: str) -> Answer:
        """The answer of the model with most of the traffic: its input, under its name."""
        found = self._there(project, location, endpoint)
        split: Mapping[str, int] = found.get("trafficSplit", {})
        if not split:
            raise Refusal(400, "The endpoint has no deployed model with traffic.", status="FAILED_PRECONDITION")
        model = max(split, key=lambda id_: split[id_])
        name = next(one.get("displayName", "") for one in found["deployedModels"] if one["id"] == model)
        if name in self.broken:
            raise Refusal(503, "The model server does not answer.")
        told = {"answered_by": name, "asked": call.json()}
        return shown(told, self.refusing.get(name, 200), {"x-vertex-ai-deployed-model-id": model})

    def routes(self) -> Sequence[Route]:
        """Every method."""
        table = (
            ("endpoints.create", "POST", f"{PARENT}/endpoints", self.create),
            ("endpoints.get", "GET", _ENDPOINT, self.get),
            ("endpoints.patch", "PATCH", _ENDPOINT, self.patch),
            ("endpoints.deployModel", "POST", f"{_ENDPOINT}:deployModel", self.deploy),
            ("endpoints.undeployModel", "POST", f"{_ENDPOINT}:undeployModel", self.undeploy),
            ("endpoints.rawPredict", "POST", f"{_ENDPOINT}:rawPredict", self.predict),
        )
        return tuple(Route(operation, method, re.compile(path), answer) for operation, method, path, answer in table)

    def _there(self, project: str, location: str, endpoint: str) -> dict[str, Any]:
        return self._resources.there(f"{self._resources.parent(project, location)}/endpoints/{endpoint}")


def _check(split: Mapping[str, int], endpoint: Mapping[str, Any]) -> None:
    known = {one["id"] for one in endpoint.get("deployedModels", ())}
    if split and (sum(split.values()) != _ALL or not set(split) <= known):
        raise Refusal(400, "Traffic split percentages must be of deployed models and add up to 100.")
