# SPDX-License-Identifier: Apache-2.0
"""Traffic on SageMaker: what its names identify, and endpoints that cannot be changed at the moment."""

import uuid

import pytest
from infra.emulators import aws
from infra.emulators.http_serving import Answer
from infra.emulators.proxy import proxied

from federation.aws.clients import Clients
from federation.aws.traffic import COUNTER, Node, SageMakerTraffic
from federation.aws.variants import variant_of
from federation.core.outcome import Shift
from federation.errors import ConflictError, ServiceError
from federation.ports import Served

FIRST, SECOND, THIRD = (f"spiralverse-ai-federated-v1.{minor}.0" for minor in range(3))


def shift(counter, release, *warm):
    return Shift(channel="production", counter=counter, release=release, warm=warm)


@pytest.fixture
def endpoint():
    return f"production-{uuid.uuid4().hex[:8]}"


@pytest.fixture
def traffic_of(aws_cloud, endpoint):
    """Makes the adapter for that endpoint, with a node of the given image."""
    clients = {name: aws_cloud.client(name) for name in ("sagemaker", "sagemaker-runtime")}
    role = f"arn:aws:iam::{aws.ACCOUNT}:role/federation-node"

    def make(image="node:1", endpoint_name=endpoint, count=1):
        node = Node(image=image, role=role, count=count)
        return SageMakerTraffic(lambda: clients["sagemaker"], lambda: clients["sagemaker-runtime"], endpoint_name, node)

    return make


def image_of(aws_cloud, endpoint, release):
    """The image of the model that serves a release."""
    description = aws_cloud.sagemaker.endpoints[endpoint]
    variants = aws_cloud.sagemaker.configurations[description["EndpointConfigName"]]["ProductionVariants"]
    (model,) = [variant["ModelName"] for variant in variants if variant["VariantName"] == release.replace(".", "-")]
    return aws_cloud.sagemaker.models[model]["PrimaryContainer"]["Image"]


@pytest.fixture
def variants_now(aws_cloud, endpoint):
    """Reads weight and machine count of each variant, by its name."""

    def read():
        variants = aws_cloud.sagemaker.endpoints[endpoint]["ProductionVariants"]
        return {
            variant["VariantName"]: (variant["CurrentWeight"], variant["CurrentInstanceCount"]) for variant in variants
        }

    return read


@pytest.fixture
def scale(aws_cloud, endpoint):
    """Changes a release's number of machines, as a person or an autoscaling policy does."""

    def change(release, count):
        capacities = [{"VariantName": variant_of(release), "DesiredInstanceCount": count}]
        aws_cloud.client("sagemaker").update_endpoint_weights_and_capacities(
            EndpointName=endpoint, DesiredWeightsAndCapacities=capacities
        )

    return change


def test_a_new_home_serves_its_own_release_under_a_reused_counter(traffic_of, aws_cloud, endpoint):
    traffic_of().shift(shift(1, FIRST))
    del aws_cloud.sagemaker.endpoints[endpoint]  # as the guide says; models and configurations remain
    traffic_of().shift(shift(1, SECOND))
    assert traffic_of().serving("production") == Served(counter=1, release=SECOND)


def test_a_new_node_image_serves_a_release_that_was_served_before(traffic_of, aws_cloud, endpoint):
    traffic_of("node:1").shift(shift(1, FIRST))
    traffic_of("node:1").shift(shift(2, SECOND))
    traffic_of("node:2").shift(shift(3, FIRST))
    assert image_of(aws_cloud, endpoint, FIRST) == "node:2"


def test_an_interrupted_shift_is_completed_by_the_next(traffic_of, aws_cloud):
    aws_cloud.faults.refuse("CreateEndpoint", 500, times=9)
    with pytest.raises(ServiceError):
        traffic_of().shift(shift(1, FIRST))
    aws_cloud.faults.forget()
    traffic_of().shift(shift(1, FIRST))
    assert traffic_of().serving("production") == Served(counter=1, release=FIRST)


def test_a_warm_release_answers_probes_and_gets_no_prompts(traffic_of, aws_cloud, endpoint):
    traffic_of().shift(shift(1, FIRST, SECOND))
    variants = aws_cloud.sagemaker.endpoints[endpoint]["ProductionVariants"]
    assert {variant["VariantName"]: variant["DesiredWeight"] for variant in variants} == {
        variant_of(FIRST): 1,
        variant_of(SECOND): 0,
    }
    assert [traffic_of().probe("production", release) for release in (FIRST, SECOND, SECOND + "0")] == [
        True,
        True,
        False,
    ]


@pytest.fixture
def probe(traffic_of, aws_cloud, endpoint, monkeypatch):
    """Probes the serving release while a proxy gives every answer."""
    traffic_of().shift(shift(1, FIRST))
    with proxied(aws_cloud.endpoint) as proxy:
        proxy.interfere()
        for name, value in {**aws_cloud.environment, "AWS_ENDPOINT_URL": proxy.endpoint}.items():
            monkeypatch.setenv(name, value)
        runtime = Clients().of("sagemaker-runtime")
        traffic = SageMakerTraffic(lambda: aws_cloud.client("sagemaker"), runtime, endpoint, Node(image="n", role="r"))

        def probe_with(answer):
            monkeypatch.setattr("infra.emulators.proxy.PAGE", answer)
            return traffic.probe("production", FIRST)

        yield probe_with


def test_a_page_in_place_of_a_nodes_answer_proves_nothing(probe):
    """A node may answer in any format, but SageMaker names the variant that answered."""
    for page in (b"<html>Sign in</html>", b'"ready"'):
        with pytest.raises(ServiceError, match="the answer did not come from a node"):
            probe(Answer(body=page))
    assert probe(Answer(body=b"ready", headers={"x-Amzn-Invoked-Production-Variant": variant_of(FIRST)})) is True
    assert probe(Answer(body=b'{"predictions": ["ready"]}')) is True


def test_only_a_shift_that_was_undone_by_hand_is_made_again(traffic_of, aws_cloud, endpoint):
    traffic_of().shift(shift(1, FIRST, SECOND))
    weights = [
        {"VariantName": variant_of(release), "DesiredWeight": float(release == SECOND)} for release in (FIRST, SECOND)
    ]
    aws_cloud.sagemaker.call(
        "UpdateEndpointWeightsAndCapacities", {"EndpointName": endpoint, "DesiredWeightsAndCapacities": weights}
    )
    aws_cloud.faults.forget()
    for _ in range(2):
        traffic_of().shift(shift(1, FIRST, SECOND))
        assert traffic_of().serving("production") == Served(counter=1, release=FIRST)
    assert aws_cloud.faults.calls.count("UpdateEndpointWeightsAndCapacities") == 1


def test_the_counter_is_not_confused_with_other_tags_of_the_endpoint(traffic_of, aws_cloud, endpoint):
    """Mistaken for the counter, another tag's number would make every shift look old."""
    arn = f"arn:aws:sagemaker:{aws.REGION}:{aws.ACCOUNT}:endpoint/{endpoint}"
    cost_centre = {"Key": "cost-centre", "Value": "4711"}
    aws_cloud.sagemaker.call("AddTags", {"ResourceArn": arn, "Tags": [cost_centre]})
    for counter, release in ((1, FIRST), (2, SECOND)):
        traffic_of().shift(shift(counter, release))
        assert traffic_of().serving("production") == Served(counter=counter, release=release)


def test_an_endpoint_that_may_not_be_read_is_not_reported_as_missing(traffic_of, aws_cloud):
    traffic_of().shift(shift(1, FIRST))
    aws_cloud.faults.refuse("DescribeEndpoint", 403)
    with pytest.raises(ServiceError, match="describe_endpoint"):
        traffic_of().serving("production")


def test_an_endpoint_under_creation_serves_nothing_yet(traffic_of, aws_cloud, endpoint):
    traffic_of().shift(shift(1, FIRST))
    aws_cloud.sagemaker.endpoints[endpoint] |= {"EndpointStatus": "Creating", "ProductionVariants": []}
    assert traffic_of().serving("production") is None


@pytest.mark.parametrize("status", ["Creating", "Updating", "SystemUpdating", "RollingBack"])
def test_a_release_is_refused_while_the_endpoint_cannot_change(traffic_of, aws_cloud, endpoint, status):
    traffic_of().shift(shift(1, FIRST))
    aws_cloud.sagemaker.endpoints[endpoint]["EndpointStatus"] = status
    reason = f"the endpoint {endpoint} is {status}; SageMaker can change it only once that is over"
    assert traffic_of().refusal("production", SECOND) == reason
    with pytest.raises(ServiceError, match="Cannot update in-progress endpoint"):
        traffic_of().shift(shift(2, SECOND))
    aws_cloud.sagemaker.endpoints[endpoint]["EndpointStatus"] = "InService"
    assert traffic_of().refusal("production", SECOND) is None
    traffic_of().shift(shift(2, SECOND))
    assert traffic_of().serving("production") == Served(counter=2, release=SECOND)


def test_a_failed_endpoint_says_why_and_that_it_must_be_deleted(traffic_of, aws_cloud, endpoint):
    traffic_of().shift(shift(1, FIRST))
    failure = {"EndpointStatus": "Failed", "FailureReason": "no capacity of ml.m5.xlarge", "ProductionVariants": []}
    aws_cloud.sagemaker.endpoints[endpoint] |= failure
    message = rf"{endpoint} has failed \(no capacity of ml.m5.xlarge\); .* aws sagemaker delete-endpoint"
    with pytest.raises(ServiceError, match=message):
        traffic_of().shift(shift(2, SECOND))
    assert "delete-endpoint" in traffic_of().refusal("production", SECOND)
    del aws_cloud.sagemaker.endpoints[endpoint]
    traffic_of().shift(shift(2, SECOND))
    assert traffic_of().serving("production") == Served(counter=2, release=SECOND)


def test_names_over_the_limit_are_refused_before_the_channel_moves(traffic_of, endpoint):
    release = f"{'o' * 60}-ai-federated-v1.0.0"
    assert "ModelName has 89 characters, and the most allowed is 63" in traffic_of().refusal("production", release)
    assert "EndpointConfigName has" in traffic_of(endpoint_name=endpoint + 40 * "n").refusal("production", FIRST)
    assert traffic_of().refusal("production", FIRST) is None


def test_a_promotion_overtaken_by_its_roll_back_does_not_win(traffic_of, aws_cloud, endpoint):
    """The whole roll-back runs while the promotion's request is on its way."""
    traffic_of().shift(shift(1, FIRST, SECOND))
    arn = aws_cloud.sagemaker.endpoints[endpoint]["EndpointArn"]

    def roll_back(operation):
        if operation == "UpdateEndpointWeightsAndCapacities":
            aws_cloud.faults.forget()
            weights = [
                {"VariantName": variant_of(release), "DesiredWeight": float(release == FIRST)}
                for release in (FIRST, SECOND)
            ]
            aws_cloud.sagemaker.call(operation, {"EndpointName": endpoint, "DesiredWeightsAndCapacities": weights})
            aws_cloud.sagemaker.call("AddTags", {"ResourceArn": arn, "Tags": [{"Key": COUNTER, "Value": "3"}]})

    aws_cloud.faults.watch = roll_back
    with pytest.raises(ConflictError, match="moves 2 and 3 were shifted at the same time; move 3 must be"):
        traffic_of().shift(shift(2, SECOND, FIRST))
    traffic_of().shift(shift(3, FIRST, SECOND))
    assert traffic_of().serving("production") == Served(counter=3, release=FIRST)


def test_tags_are_on_all_that_is_created_and_change_no_name(aws_cloud, endpoint):
    sagemaker, calls = aws_cloud.client("sagemaker"), []
    for operation in ("CreateModel", "CreateEndpointConfig", "CreateEndpoint", "UpdateEndpoint"):
        sagemaker.meta.events.register(
            f"provide-client-params.sagemaker.{operation}",
            lambda params, model, **_: calls.append((model.name, params)),
        )

    def shift_with(counter, release, tags):
        calls.clear()
        node = Node(image="node:1", role=f"arn:aws:iam::{aws.ACCOUNT}:role/federation-node")
        SageMakerTraffic(lambda: sagemaker, lambda: None, endpoint, node, tags).shift(shift(counter, release))
        return [(name, params.get("Tags")) for name, params in calls], [{**params, "Tags": None} for _, params in calls]

    tags, expected = {"cost-center": "4711"}, [{"Key": "cost-center", "Value": "4711"}]
    tags_of_calls, requests = shift_with(1, FIRST, tags)
    assert tags_of_calls == [
        ("CreateModel", expected),
        ("CreateEndpointConfig", expected),
        ("CreateEndpoint", expected),
    ]
    del aws_cloud.sagemaker.endpoints[endpoint]
    assert shift_with(1, FIRST, None)[1] == requests
    assert shift_with(2, SECOND, tags)[0] == [
        ("CreateModel", expected),
        ("CreateEndpointConfig", expected),
        ("UpdateEndpoint", None),
    ]


def test_too_many_tags_are_refused_before_a_release_is_promoted(aws_cloud, endpoint):
    tags, node = {f"tag-{number}": "" for number in range(51)}, Node(image="node:1", role="arn:aws:iam::1:role/node")
    traffic = SageMakerTraffic(lambda: aws_cloud.client("sagemaker"), lambda: None, endpoint, node, tags)
    assert "Tags has 51 entries, and the most allowed is 50" in str(traffic.refusal("production", FIRST))


def test_a_release_gets_its_predecessors_machines_in_both_directions(traffic_of, scale, variants_now):
    traffic_of(count=2).shift(shift(1, FIRST))
    scale(FIRST, 12)
    traffic_of(count=2).shift(shift(2, SECOND, FIRST))
    assert variants_now() == {variant_of(SECOND): (1, 12), variant_of(FIRST): (0, 12)}
    traffic_of(count=2).shift(shift(3, FIRST, SECOND))
    assert variants_now()[variant_of(FIRST)] == (1, 12)


def test_only_the_previous_release_keeps_all_its_machines(traffic_of, scale, variants_now):
    traffic_of(count=2).shift(shift(1, FIRST))
    traffic_of(count=2).shift(shift(2, SECOND, FIRST))
    scale(SECOND, 12)
    traffic_of(count=2).shift(shift(3, THIRD, SECOND, FIRST))
    assert variants_now() == {variant_of(THIRD): (1, 12), variant_of(SECOND): (0, 12), variant_of(FIRST): (0, 2)}


def test_a_release_gets_at_least_the_machines_that_the_node_asks_for(traffic_of, scale, variants_now):
    traffic_of(count=2).shift(shift(1, FIRST))
    scale(FIRST, 1)
    traffic_of(count=2).shift(shift(2, SECOND, FIRST))
    assert variants_now() == {variant_of(SECOND): (1, 2), variant_of(FIRST): (0, 2)}


def test_counting_the_machines_takes_no_extra_call(traffic_of, aws_cloud):
    traffic_of().shift(shift(1, FIRST))
    aws_cloud.faults.forget()
    assert traffic_of().refusal("production", SECOND) is None
    traffic_of().shift(shift(2, SECOND))
    reads = [call for call in aws_cloud.faults.calls if call in {"DescribeEndpoint", "ListTags"}]
    assert reads == ["DescribeEndpoint", "DescribeEndpoint", "ListTags", "ListTags"]


def test_a_variant_added_by_hand_loses_its_traffic_at_the_next_shift(traffic_of, aws_cloud, endpoint, variants_now):
    traffic_of().shift(shift(1, FIRST))
    canary = {"VariantName": "canary", "CurrentWeight": 1, "DesiredWeight": 1, "CurrentInstanceCount": 1}
    aws_cloud.sagemaker.endpoints[endpoint]["ProductionVariants"].append(canary)
    assert traffic_of().serving("production") == Served(counter=1, release=f"canary, {FIRST}")
    assert traffic_of().refusal("production", SECOND) is None
    traffic_of().shift(shift(1, FIRST))
    assert variants_now() == {variant_of(FIRST): (1, 1), "canary": (0, 1)}
    traffic_of().shift(shift(2, SECOND, FIRST))
    assert list(variants_now()) == [variant_of(SECOND), variant_of(FIRST)]


class RecordedClient:
    """A client that gives these answers and records the operations."""

    def __init__(self, **answers):
        self.answers, self.asked = answers, []

    def __getattr__(self, operation):
        def call(**_):
            self.asked.append(operation)
            return self.answers.get(operation, {"EndpointArn": "arn"})

        return call


def description(**variants_now):
    described = [{"VariantName": variant_of(name), "CurrentWeight": weight} for name, weight in variants_now.items()]
    return {"EndpointArn": "arn", "EndpointName": "e", "EndpointStatus": "InService", "ProductionVariants": described}


def test_a_roll_back_is_made_without_the_counters_tag():
    """The tag was deleted and a variant added by hand: the roll-back is made all the same."""
    client = RecordedClient(
        describe_endpoint=description(**{FIRST: 0.0, SECOND: 1.0, "canary": 0.0}), list_tags={"Tags": []}
    )
    traffic = SageMakerTraffic(lambda: client, lambda: None, "e", Node(image="node:1", role="arn:aws:iam::1:role/node"))
    traffic.shift(shift(7, FIRST, SECOND))
    assert client.asked[-2:] == ["list_tags", "add_tags"]
    assert "update_endpoint_weights_and_capacities" in client.asked


def test_without_a_list_of_tags_nothing_is_shifted():
    client = RecordedClient(describe_endpoint=description(**{FIRST: 1.0, SECOND: 0.0}), list_tags={})
    traffic = SageMakerTraffic(lambda: client, lambda: None, "e", Node(image="node:1", role="arn:aws:iam::1:role/node"))
    with pytest.raises(ServiceError, match="without a list"):
        traffic.shift(shift(5, SECOND, FIRST))
    assert client.asked == ["describe_endpoint", "list_tags"]
