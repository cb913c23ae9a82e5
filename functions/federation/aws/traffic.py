# SPDX-License-Identifier: Apache-2.0
"""Nodes on a SageMaker endpoint: one variant per release, and weights that decide which of them serves.

A warm release is a running variant of weight 0, so rolling back to it is one UpdateEndpointWeightsAndCapacities. A
release without a variant gets one by a new endpoint configuration, with as many machines as the serving variant has.
A tag of the endpoint contains the counter of the last shift.
https://docs.aws.amazon.com/sagemaker/latest/dg/model-ab-testing.html

Models and endpoint configurations cannot be changed, and both outlive their endpoint. So their names contain the digest
of their content without tags: a name that is already taken has the same content.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final

import msgspec

from federation.aws import limits
from federation.aws.calls import code_of, service_call
from federation.aws.probe import GOLDEN_PROMPT, check_node
from federation.aws.tags import tag_list
from federation.aws.variants import foreign_reason, machines, release_of, variant_of, weights
from federation.core.digest import digest
from federation.core.outcome import Shift
from federation.errors import ConflictError, ServiceError
from federation.ports import Served

COUNTER: Final = "federation:counter"
_UNKNOWN: Final = "ValidationException"
_NO_ANSWER: Final = frozenset({"ModelError", "ModelNotReadyException", "ValidationError"})
"""Codes of InvokeEndpoint that blame the release. Others, such as throttling, blame the caller."""
_BUSY: Final = frozenset({"Creating", "Updating", "SystemUpdating", "RollingBack", "Deleting"})
"""Statuses in which SageMaker accepts no change of an endpoint (DescribeEndpoint: EndpointStatus)."""
_FAILED: Final = "Failed"
_DIGITS: Final = 8
_FULL_COUNT: Final = 2
"""How many releases get all machines: the new one, and the one before it, which a roll-back would return to."""


class Node(msgspec.Struct, frozen=True, kw_only=True):
    """What runs a release: the image, which reads the release from the registry, its role, its machine and their number."""

    image: str
    role: str
    machine: str = "ml.m5.xlarge"
    count: int = 1


class SageMakerTraffic:
    """One endpoint.

    Args:
        sagemaker: Makes the client when it is first needed.
        runtime: Makes the client that invokes the endpoint.
        endpoint: The endpoint's name.
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
        self._tags = {"Tags": tag_list(tags)} if tags else {}

    def refusal(self, channel: str, release: str) -> str | None:
        """Why the release cannot be served now: the endpoint is busy, failed or somebody's, or no request can name it."""
        del channel
        if faults := "; ".join(self._faults(release)):
            return f"SageMaker does not accept {release}: {faults}"
        endpoint = self._read_endpoint() or {}
        status = endpoint.get("EndpointStatus", "")
        if status in _BUSY:
            return f"the endpoint {self._endpoint} is {status}; SageMaker can change it only once that is over"
        return _deletion_advice(endpoint) if status == _FAILED else self._foreign_reason(endpoint)

    def shift(self, shift: Shift) -> None:
        """Serve that release and keep the warm ones ready; a counter below the last one applied changes nothing.

        SageMaker has no conditional change, so the counter is read again after a change.

        Raises:
            ConflictError: A later shift came in between, and has to be repeated.
        """
        endpoint = self._read_endpoint()
        if endpoint is None:
            changed = self._deploy(shift, self._node.count, "create_endpoint", **self._tags)
        elif endpoint.get("EndpointStatus") == _FAILED:
            raise ServiceError(_deletion_advice(endpoint))
        elif self._is_done(endpoint, shift):
            return
        elif why := self._foreign_reason(endpoint):
            raise ServiceError(why)
        elif variant_of(shift.release) in weights(endpoint):
            changed = self._set_weights(shift, endpoint)
        else:
            changed = self._deploy(shift, max(self._node.count, machines(endpoint)), "update_endpoint")
        if endpoint and (later := self._counter(changed)) > shift.counter:
            raise ConflictError(
                f"moves {shift.counter} and {later} were shifted at the same time; move {later} must be shifted again"
            )
        self._call("add_tags", ResourceArn=changed["EndpointArn"], Tags=tag_list({COUNTER: str(shift.counter)}))

    def serving(self, channel: str) -> Served | None:
        """The release that the endpoint serves; None before the first shift. If several serve, all are named."""
        del channel
        endpoint = self._read_endpoint()
        if endpoint is None:
            return None
        live = [release_of(variant) for variant, weight in sorted(weights(endpoint).items()) if weight > 0]
        return Served(counter=self._counter(endpoint), release=", ".join(live)) if live else None

    def probe(self, channel: str, release: str) -> bool:
        """Whether the release's variant answers a golden prompt now."""
        del channel
        endpoint = self._read_endpoint()
        if endpoint is None or variant_of(release) not in weights(endpoint):
            return False
        try:
            with service_call("SageMaker", "InvokeEndpoint"):
                answer = self._runtime().invoke_endpoint(
                    EndpointName=self._endpoint,
                    TargetVariant=variant_of(release),
                    ContentType="application/json",
                    Body=GOLDEN_PROMPT,
                )
                check_node(answer)
        except ServiceError as error:
            if code_of(error.__cause__) in _NO_ANSWER:
                return False
            raise
        return True

    def _is_done(self, endpoint: Mapping[str, Any], shift: Shift) -> bool:
        """Whether nothing is left to do: a newer shift came first, or this one has already taken full effect."""
        counter = self._counter(endpoint)
        live = [variant for variant, weight in weights(endpoint).items() if weight > 0]
        return counter > shift.counter or (counter == shift.counter and live == [variant_of(shift.release)])

    def _foreign_reason(self, endpoint: Mapping[str, Any]) -> str | None:
        """Why we must not change an endpoint that we never shifted; None if we may."""
        reason = foreign_reason(endpoint)
        return reason if reason and not self._counter(endpoint) else None

    def _set_weights(self, shift: Shift, endpoint: Mapping[str, Any]) -> Mapping[str, Any]:
        serving = variant_of(shift.release)
        targets = [
            {"VariantName": variant, "DesiredWeight": 1.0 if variant == serving else 0.0}
            for variant in weights(endpoint)
        ]
        return self._endpoint_after("update_endpoint_weights_and_capacities", DesiredWeightsAndCapacities=targets)

    def _deploy(self, shift: Shift, count: int, operation: str, **tags: Any) -> Mapping[str, Any]:
        releases = (shift.release, *shift.warm)
        for release in releases:
            self._create_once("create_model", **self._model(release), **self._tags)
        configuration = self._configuration(shift.counter, releases, count)
        self._create_once("create_endpoint_config", **configuration, **self._tags)
        name = configuration["EndpointConfigName"]
        return self._endpoint_after(operation, EndpointConfigName=name, **tags)

    def _model(self, release: str) -> dict[str, Any]:
        """CreateModel's request: the node's image, and the release that it will serve."""
        container = {"Image": self._node.image, "Environment": {"FEDERATION_RELEASE": release}}
        content = {"ExecutionRoleArn": self._node.role, "PrimaryContainer": container}
        return {"ModelName": f"{variant_of(release)}-{_short_digest(content)}", **content}

    def _configuration(self, counter: int, releases: Sequence[str], count: int) -> dict[str, Any]:
        """CreateEndpointConfig's request. The first release has all the weight, the first two have `count` machines."""
        variants = [
            {
                "VariantName": variant_of(release),
                "ModelName": self._model(release)["ModelName"],
                "InstanceType": self._node.machine,
                "InitialInstanceCount": count if number < _FULL_COUNT else self._node.count,
                "InitialVariantWeight": 0 if number else 1,
            }
            for number, release in enumerate(releases)
        ]
        name = f"{self._endpoint}-{counter}-{_short_digest(variants)}"
        return {"EndpointConfigName": name, "ProductionVariants": variants}

    def _faults(self, release: str) -> Iterator[str]:
        """Faults that SageMaker would find in the requests that deploy the release, with a counter of six digits."""
        model = self._sagemaker().meta.service_model
        requests = {
            "CreateModel": {**self._model(release), **self._tags},
            "CreateEndpointConfig": self._configuration(100_000, [release], self._node.count),
        }
        for operation, request in requests.items():
            yield from limits.faults(model.operation_model(operation).input_shape, request)

    def _read_endpoint(self) -> Mapping[str, Any] | None:
        try:
            return self._endpoint_after("describe_endpoint")
        except ServiceError as error:
            if code_of(error.__cause__) == _UNKNOWN:
                return None
            raise

    def _counter(self, endpoint: Mapping[str, Any]) -> int:
        answer = self._call("list_tags", ResourceArn=endpoint["EndpointArn"])
        if "Tags" not in answer:  # as 0 it would let an old shift undo a later one
            raise ServiceError("SageMaker answered ListTags without a list")
        return next((int(tag["Value"]) for tag in answer["Tags"] if tag["Key"] == COUNTER), 0)

    def _endpoint_after(self, operation: str, **request: Any) -> Mapping[str, Any]:
        """The endpoint in the answer to an operation.

        Raises:
            ServiceError: The answer has no ARN, so it is not about the endpoint.
        """
        answer = self._call(operation, EndpointName=self._endpoint, **request)
        if "EndpointArn" not in answer:
            raise ServiceError(f"SageMaker answered {operation} without the endpoint {self._endpoint}")
        return answer

    def _create_once(self, operation: str, **request: Any) -> None:
        """Create something unless it exists, which SageMaker reports as a ValidationException."""
        try:
            self._call(operation, **request)
        except ServiceError as error:
            if not (code_of(error.__cause__) and "already exist" in str(error)):
                raise

    def _call(self, operation: str, **request: Any) -> Mapping[str, Any]:
        with service_call("SageMaker", operation):
            answer: Mapping[str, Any] = getattr(self._sagemaker(), operation)(**request)
            return answer


def _deletion_advice(endpoint: Mapping[str, Any]) -> str:
    """A sentence that says to delete a failed endpoint: no other operation on it is possible (DescribeEndpoint)."""
    name, why = endpoint["EndpointName"], endpoint.get("FailureReason", "SageMaker gives no reason")
    delete = f"aws sagemaker delete-endpoint --endpoint-name {name}"
    return f"the endpoint {name} has failed ({why}); delete it, and the next shift creates it again: {delete}"


def _short_digest(content: Any) -> str:
    return digest(content).removeprefix("sha256:")[:_DIGITS]
