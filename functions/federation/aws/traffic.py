# SPDX-License-Identifier: Apache-2.0
"""Nodes on a SageMaker endpoint: one variant per release, and weights that decide which of them serves.

A warm release is a running variant of weight 0, so going back to it is one UpdateEndpointWeightsAndCapacities. A
release without a variant gets one by a new endpoint configuration, with as many machines as what serves now has. A tag
of the endpoint contains the counter of the last shift.
https://docs.aws.amazon.com/sagemaker/latest/dg/model-ab-testing.html

Neither models nor endpoint configurations can be changed, and both outlive their endpoint. So their names contain the
digest of their content, but for tags: a name that is already taken has the same content.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final

import msgspec

from federation.aws import limits
from federation.aws.calls import code_of, service_call
from federation.aws.tags import listed
from federation.aws.variants import foreign, machines, release_of, variant_of, weights
from federation.core.digest import digest
from federation.core.outcome import Shift
from federation.errors import ConflictError, ServiceError
from federation.ports import Served

COUNTER: Final = "federation:counter"
GOLDEN_PROMPT: Final = b'{"prompt":"federation: are you ready?","max_tokens":1}'
"""The body of a probe; any successful response proves that the release can answer."""

_UNKNOWN: Final = "ValidationException"
_NO_ANSWER: Final = frozenset({"ModelError", "ModelNotReadyException", "ValidationError"})
"""Codes of InvokeEndpoint that are about the release; being throttled or forbidden is about the caller."""
_BUSY: Final = frozenset({"Creating", "Updating", "SystemUpdating", "RollingBack", "Deleting"})
"""Statuses in which SageMaker accepts no other change of an endpoint (DescribeEndpoint: EndpointStatus)."""
_FAILED: Final = "Failed"
_DIGITS: Final = 8
_AT_STRENGTH: Final = 2
"""Releases with as many machines as what serves: the next one, and the one that it follows, to which a roll-back leads."""


class Node(msgspec.Struct, frozen=True, kw_only=True):
    """What runs a release: the serving image, which reads the release from the registry, its role and its machine."""

    image: str
    role: str
    machine: str = "ml.m5.xlarge"
    count: int = 1


class SageMakerTraffic:
    """One endpoint.

    Args:
        sagemaker: Makes the client when it is first needed.
        runtime: The same for the client that asks the endpoint.
        endpoint: Its name.
        node: What runs a release on it.
        tags: Tags of the endpoint, if it is created here, and of each model and configuration.
    """

    def __init__(
        self,
        sagemaker: Callable[[], Any],
        runtime: Callable[[], Any],
        endpoint: str,
        node: Node,
        tags: Mapping[str, str] | None = None,
    ) -> None:
        self._sagemaker = sagemaker
        self._runtime = runtime
        self._endpoint = endpoint
        self._node = node
        self._tags = {"Tags": listed(tags)} if tags else {}

    def refusal(self, channel: str, release: str) -> str | None:
        """Why the release cannot be served now: the endpoint is busy, failed or somebody's, or no request can name it."""
        del channel
        if too_much := "; ".join(self._faults(release)):
            return f"SageMaker does not accept {release}: {too_much}"
        found = self._described() or {}
        status = found.get("EndpointStatus", "")
        if status in _BUSY:
            return f"the endpoint {self._endpoint} is {status}; SageMaker can change it only once that is over"
        return _beyond_repair(found) if status == _FAILED else self._taken(found)

    def shift(self, shift: Shift) -> None:
        """Serve that release and keep the warm ones ready; a counter below the last one applied changes nothing.

        SageMaker has no conditional change, so the counter is read again after a change.

        Raises:
            ConflictError: A later shift came in between; what the channel says now has to be shifted again.
        """
        found = self._described()
        if found is None:
            changed = self._deploy(shift, self._node.count, "create_endpoint", **self._tags)
        elif found.get("EndpointStatus") == _FAILED:
            raise ServiceError(_beyond_repair(found))
        elif self._obeyed(found, shift):
            return
        elif why := self._taken(found):
            raise ServiceError(why)
        elif variant_of(shift.release) in weights(found):
            changed = self._weigh(shift, found)
        else:
            changed = self._deploy(shift, max(self._node.count, machines(found)), "update_endpoint")
        if found and (later := self._counter(changed)) > shift.counter:
            raise ConflictError(
                f"moves {shift.counter} and {later} were shifted at the same time; move {later} must be shifted again"
            )
        self._call("add_tags", ResourceArn=changed["EndpointArn"], Tags=listed({COUNTER: str(shift.counter)}))

    def serving(self, channel: str) -> Served | None:
        """What is really served, read back; None before the first shift. If several releases serve, all are named."""
        del channel
        found = self._described()
        if found is None:
            return None
        live = [release_of(variant) for variant, weight in sorted(weights(found).items()) if weight > 0]
        return Served(counter=self._counter(found), release=", ".join(live)) if live else None

    def probe(self, channel: str, release: str) -> bool:
        """Whether that release's variant answers a golden prompt now."""
        del channel
        found = self._described()
        if found is None or variant_of(release) not in weights(found):
            return False
        try:
            with service_call("SageMaker", "InvokeEndpoint"):
                self._runtime().invoke_endpoint(
                    EndpointName=self._endpoint,
                    TargetVariant=variant_of(release),
                    ContentType="application/json",
                    Body=GOLDEN_PROMPT,
                )
        except ServiceError as error:
            if code_of(error.__cause__) in _NO_ANSWER:
                return False
            raise
        return True

    def _obeyed(self, found: Mapping[str, Any], shift: Shift) -> bool:
        """Whether a newer shift came first, or this one has already taken full effect."""
        counter = self._counter(found)
        live = [variant for variant, weight in weights(found).items() if weight > 0]
        return counter > shift.counter or (counter == shift.counter and live == [variant_of(shift.release)])

    def _taken(self, found: Mapping[str, Any]) -> str | None:
        """Why the endpoint is not ours to change: it had variants of its own before our first shift; else None.

        A new configuration would remove them.
        """
        others = foreign(found)
        if not others or self._counter(found):
            return None
        return (
            f"the endpoint {self._endpoint} serves {', '.join(others)}, which no release made; name a new endpoint "
            "(FEDERATION_ENDPOINT; in Terraform the variable endpoint), then move your callers"
        )

    def _weigh(self, shift: Shift, found: Mapping[str, Any]) -> Mapping[str, Any]:
        serving = variant_of(shift.release)
        wanted = [
            {"VariantName": variant, "DesiredWeight": 1.0 if variant == serving else 0.0} for variant in weights(found)
        ]
        return self._endpoint_after("update_endpoint_weights_and_capacities", DesiredWeightsAndCapacities=wanted)

    def _deploy(self, shift: Shift, count: int, operation: str, **tags: Any) -> Mapping[str, Any]:
        releases = (shift.release, *shift.warm)
        for release in releases:
            self._made("create_model", **self._model(release), **self._tags)
        configuration = self._configuration(shift.counter, releases, count)
        self._made("create_endpoint_config", **configuration, **self._tags)
        named = configuration["EndpointConfigName"]
        return self._endpoint_after(operation, EndpointConfigName=named, **tags)

    def _model(self, release: str) -> dict[str, Any]:
        """CreateModel's request: the node's image, and the release that it has to serve."""
        container = {"Image": self._node.image, "Environment": {"FEDERATION_RELEASE": release}}
        made = {"ExecutionRoleArn": self._node.role, "PrimaryContainer": container}
        return {"ModelName": f"{variant_of(release)}-{_short(made)}", **made}

    def _configuration(self, counter: int, releases: Sequence[str], count: int) -> dict[str, Any]:
        """CreateEndpointConfig's request. The first release has all the weight, the first two have `count` machines."""
        variants = [
            {
                "VariantName": variant_of(release),
                "ModelName": self._model(release)["ModelName"],
                "InstanceType": self._node.machine,
                "InitialInstanceCount": count if number < _AT_STRENGTH else self._node.count,
                "InitialVariantWeight": 0 if number else 1,
            }
            for number, release in enumerate(releases)
        ]
        name = f"{self._endpoint}-{counter}-{_short(variants)}"
        return {"EndpointConfigName": name, "ProductionVariants": variants}

    def _faults(self, release: str) -> Iterator[str]:
        """What SageMaker would refuse in the requests that deploy the release, with a counter of six digits."""
        model = self._sagemaker().meta.service_model
        requests = {
            "CreateModel": {**self._model(release), **self._tags},
            "CreateEndpointConfig": self._configuration(100_000, [release], self._node.count),
        }
        for operation, request in requests.items():
            yield from limits.faults(model.operation_model(operation).input_shape, request)

    def _described(self) -> Mapping[str, Any] | None:
        try:
            return self._endpoint_after("describe_endpoint")
        except ServiceError as error:
            if code_of(error.__cause__) == _UNKNOWN:
                return None
            raise

    def _counter(self, found: Mapping[str, Any]) -> int:
        tags = self._call("list_tags", ResourceArn=found["EndpointArn"]).get("Tags", ())
        return next((int(tag["Value"]) for tag in tags if tag["Key"] == COUNTER), 0)

    def _endpoint_after(self, operation: str, **request: Any) -> Mapping[str, Any]:
        """The endpoint as an operation answers it; an answer without its ARN says nothing about it."""
        answer = self._call(operation, EndpointName=self._endpoint, **request)
        if "EndpointArn" not in answer:
            raise ServiceError(f"SageMaker answered {operation} without the endpoint {self._endpoint}")
        return answer

    def _made(self, operation: str, **request: Any) -> None:
        """Create what an earlier attempt may have created already, which SageMaker reports as a ValidationException."""
        try:
            self._call(operation, **request)
        except ServiceError as error:
            if not (code_of(error.__cause__) and "already exist" in str(error)):
                raise

    def _call(self, operation: str, **request: Any) -> Mapping[str, Any]:
        with service_call("SageMaker", operation):
            answer: Mapping[str, Any] = getattr(self._sagemaker(), operation)(**request)
            return answer


def _beyond_repair(found: Mapping[str, Any]) -> str:
    """Why an endpoint has to be deleted: no other operation can be performed on a failed one (DescribeEndpoint)."""
    name, why = found["EndpointName"], found.get("FailureReason", "SageMaker gives no reason")
    delete = f"aws sagemaker delete-endpoint --endpoint-name {name}"
    return f"the endpoint {name} has failed ({why}); delete it, and the next shift creates it again: {delete}"


def _short(content: Any) -> str:
    return digest(content).removeprefix("sha256:")[:_DIGITS]
