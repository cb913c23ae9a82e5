# SPDX-License-Identifier: Apache-2.0
"""Nodes on SageMaker: names that hold what they say, and an endpoint that cannot be changed just now."""

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

A, B, C = (f"spiralverse-ai-federated-v1.{minor}.0" for minor in range(3))


def shift(counter, release, *warm):
    return Shift(channel="production", counter=counter, release=release, warm=warm)


@pytest.fixture
def endpoint():
    return f"production-{uuid.uuid4().hex[:8]}"


@pytest.fixture
def nodes(aws_cloud, endpoint):
    """Makes the nodes of that endpoint, with an image of one's own."""
    clients = {name: aws_cloud.client(name) for name in ("sagemaker", "sagemaker-runtime")}
    role = f"arn:aws:iam::{aws.ACCOUNT}:role/federation-node"

    def made(image="node:1", name=endpoint, count=1):
        node = Node(image=image, role=role, count=count)
        return SageMakerTraffic(lambda: clients["sagemaker"], lambda: clients["sagemaker-runtime"], name, node)

    return made


def image_of(aws_cloud, endpoint, release):
    """The image of the model that serves a release now."""
    found = aws_cloud.sagemaker.endpoints[endpoint]
    variants = aws_cloud.sagemaker.configurations[found["EndpointConfigName"]]["ProductionVariants"]
    (model,) = [one["ModelName"] for one in variants if one["VariantName"] == release.replace(".", "-")]
    return aws_cloud.sagemaker.models[model]["PrimaryContainer"]["Image"]


@pytest.fixture
def variants(aws_cloud, endpoint):
    """Weight and machines of each variant, by its name."""

    def now():
        found = aws_cloud.sagemaker.endpoints[endpoint]["ProductionVariants"]
        return {one["VariantName"]: (one["CurrentWeight"], one["CurrentInstanceCount"]) for one in found}

    return now


@pytest.fixture
def scaled(aws_cloud, endpoint):
    """Gives a release another number of machines, as a person or an autoscaling policy does."""

    def to(release, count):
        wanted = [{"VariantName": variant_of(release), "DesiredInstanceCount": count}]
        aws_cloud.client("sagemaker").update_endpoint_weights_and_capacities(
            EndpointName=endpoint, DesiredWeightsAndCapacities=wanted
        )

    return to


def test_a_home_that_begins_anew_serves_its_own_releases_and_not_what_an_earlier_one_left_under_the_same_counter(
    nodes, aws_cloud, endpoint
):
    nodes().shift(shift(1, A))
    del aws_cloud.sagemaker.endpoints[endpoint]  # as the guide says; models and configurations stay
    nodes().shift(shift(1, B))
    assert nodes().serving("production") == Served(counter=1, release=B)


def test_a_new_image_of_the_nodes_serves_a_release_that_the_old_one_served_before(nodes, aws_cloud, endpoint):
    nodes("node:1").shift(shift(1, A))
    nodes("node:1").shift(shift(2, B))
    nodes("node:2").shift(shift(3, A))
    assert image_of(aws_cloud, endpoint, A) == "node:2"


def test_a_shift_that_was_cut_off_is_taken_up_again(nodes, aws_cloud):
    aws_cloud.faults.refuse("CreateEndpoint", 500, times=9)
    with pytest.raises(ServiceError):
        nodes().shift(shift(1, A))
    aws_cloud.faults.forget()
    nodes().shift(shift(1, A))
    assert nodes().serving("production") == Served(counter=1, release=A)


def test_what_is_kept_warm_answers_a_probe_and_gets_no_prompts(nodes, aws_cloud, endpoint):
    nodes().shift(shift(1, A, B))
    found = aws_cloud.sagemaker.endpoints[endpoint]["ProductionVariants"]
    assert {one["VariantName"]: one["DesiredWeight"] for one in found} == {variant_of(A): 1, variant_of(B): 0}
    assert [nodes().probe("production", one) for one in (A, B, B + "0")] == [True, True, False]


@pytest.fixture
def probe(nodes, aws_cloud, endpoint, monkeypatch):
    """Probes the serving release while somebody else answers every prompt."""
    nodes().shift(shift(1, A))
    with proxied(aws_cloud.endpoint) as proxy:
        proxy.interfere()
        for name, value in {**aws_cloud.environment, "AWS_ENDPOINT_URL": proxy.endpoint}.items():
            monkeypatch.setenv(name, value)
        runtime = Clients().of("sagemaker-runtime")
        traffic = SageMakerTraffic(lambda: aws_cloud.client("sagemaker"), runtime, endpoint, Node(image="n", role="r"))

        def answered(answer):
            monkeypatch.setattr("infra.emulators.proxy.PAGE", answer)
            return traffic.probe("production", A)

        yield answered


def test_a_page_in_a_nodes_place_proves_nothing(probe):
    """Whatever a node's own format is, SageMaker names the variant that answered."""
    for page in (b"<html>Sign in</html>", b'"ready"'):
        with pytest.raises(ServiceError, match="the answer is no node's"):
            probe(Answer(body=page))
    assert probe(Answer(body=b"ready", headers={"x-Amzn-Invoked-Production-Variant": variant_of(A)})) is True
    assert probe(Answer(body=b'{"predictions": ["ready"]}')) is True


def test_a_shift_that_was_undone_by_hand_is_made_again_and_one_that_holds_is_not(nodes, aws_cloud, endpoint):
    nodes().shift(shift(1, A, B))
    weights = [{"VariantName": variant_of(one), "DesiredWeight": float(one == B)} for one in (A, B)]
    aws_cloud.sagemaker.call(
        "UpdateEndpointWeightsAndCapacities", {"EndpointName": endpoint, "DesiredWeightsAndCapacities": weights}
    )
    aws_cloud.faults.forget()
    for _ in range(2):
        nodes().shift(shift(1, A, B))
        assert nodes().serving("production") == Served(counter=1, release=A)
    assert aws_cloud.faults.calls.count("UpdateEndpointWeightsAndCapacities") == 1


def test_the_counter_is_told_from_other_tags_of_the_endpoint(nodes, aws_cloud, endpoint):
    """A number that somebody wrote on it first would make every shift an older one."""
    arn = f"arn:aws:sagemaker:{aws.REGION}:{aws.ACCOUNT}:endpoint/{endpoint}"
    cost_centre = {"Key": "cost-centre", "Value": "4711"}
    aws_cloud.sagemaker.call("AddTags", {"ResourceArn": arn, "Tags": [cost_centre]})
    for counter, release in ((1, A), (2, B)):
        nodes().shift(shift(counter, release))
        assert nodes().serving("production") == Served(counter=counter, release=release)


def test_an_endpoint_that_nobody_may_look_at_is_not_one_that_is_not_there(nodes, aws_cloud):
    nodes().shift(shift(1, A))
    aws_cloud.faults.refuse("DescribeEndpoint", 403)
    with pytest.raises(ServiceError, match="describe_endpoint"):
        nodes().serving("production")


def test_an_endpoint_that_is_being_made_serves_nothing_yet(nodes, aws_cloud, endpoint):
    nodes().shift(shift(1, A))
    aws_cloud.sagemaker.endpoints[endpoint] |= {"EndpointStatus": "Creating", "ProductionVariants": []}
    assert nodes().serving("production") is None


@pytest.mark.parametrize("status", ["Creating", "Updating", "SystemUpdating", "RollingBack"])
def test_no_release_is_promoted_to_an_endpoint_that_sagemaker_would_not_change_now(nodes, aws_cloud, endpoint, status):
    nodes().shift(shift(1, A))
    aws_cloud.sagemaker.endpoints[endpoint]["EndpointStatus"] = status
    why = f"the endpoint {endpoint} is {status}; SageMaker can change it only once that is over"
    assert nodes().refusal("production", B) == why
    with pytest.raises(ServiceError, match="Cannot update in-progress endpoint"):
        nodes().shift(shift(2, B))
    aws_cloud.sagemaker.endpoints[endpoint]["EndpointStatus"] = "InService"
    assert nodes().refusal("production", B) is None
    nodes().shift(shift(2, B))
    assert nodes().serving("production") == Served(counter=2, release=B)


def test_an_endpoint_that_failed_says_why_and_what_alone_helps(nodes, aws_cloud, endpoint):
    nodes().shift(shift(1, A))
    failed = {"EndpointStatus": "Failed", "FailureReason": "no capacity of ml.m5.xlarge", "ProductionVariants": []}
    aws_cloud.sagemaker.endpoints[endpoint] |= failed
    why = rf"{endpoint} has failed \(no capacity of ml.m5.xlarge\); .* aws sagemaker delete-endpoint"
    with pytest.raises(ServiceError, match=why):
        nodes().shift(shift(2, B))
    assert "delete-endpoint" in nodes().refusal("production", B)
    del aws_cloud.sagemaker.endpoints[endpoint]
    nodes().shift(shift(2, B))
    assert nodes().serving("production") == Served(counter=2, release=B)


def test_a_release_or_an_endpoint_whose_name_is_too_long_is_refused_before_the_channel_moves(nodes, endpoint):
    long = f"{'o' * 60}-ai-federated-v1.0.0"
    assert "ModelName has 89 characters, and the most allowed is 63" in nodes().refusal("production", long)
    assert "EndpointConfigName has" in nodes(name=endpoint + 40 * "n").refusal("production", A)
    assert nodes().refusal("production", A) is None


def test_a_promotion_that_was_overtaken_by_its_roll_back_is_not_the_last_word(nodes, aws_cloud, endpoint):
    """The roll-back runs from its look to its tag while the promotion's request is on its way."""
    nodes().shift(shift(1, A, B))
    arn = aws_cloud.sagemaker.endpoints[endpoint]["EndpointArn"]

    def roll_back(operation):
        if operation == "UpdateEndpointWeightsAndCapacities":
            aws_cloud.faults.forget()
            weights = [{"VariantName": variant_of(one), "DesiredWeight": float(one == A)} for one in (A, B)]
            aws_cloud.sagemaker.call(operation, {"EndpointName": endpoint, "DesiredWeightsAndCapacities": weights})
            aws_cloud.sagemaker.call("AddTags", {"ResourceArn": arn, "Tags": [{"Key": COUNTER, "Value": "3"}]})

    aws_cloud.faults.watch = roll_back
    with pytest.raises(ConflictError, match="moves 2 and 3 were shifted at the same time; move 3 must be"):
        nodes().shift(shift(2, B, A))
    nodes().shift(shift(3, A, B))
    assert nodes().serving("production") == Served(counter=3, release=A)


def test_what_an_organisation_asks_for_is_on_all_that_is_created_and_changes_no_name(aws_cloud, endpoint):
    sagemaker, asked = aws_cloud.client("sagemaker"), []
    for operation in ("CreateModel", "CreateEndpointConfig", "CreateEndpoint", "UpdateEndpoint"):
        sagemaker.meta.events.register(
            f"provide-client-params.sagemaker.{operation}",
            lambda params, model, **_: asked.append((model.name, params)),
        )

    def served(counter, release, tags):
        asked.clear()
        node = Node(image="node:1", role=f"arn:aws:iam::{aws.ACCOUNT}:role/federation-node")
        SageMakerTraffic(lambda: sagemaker, lambda: None, endpoint, node, tags).shift(shift(counter, release))
        return [(name, params.get("Tags")) for name, params in asked], [{**params, "Tags": None} for _, params in asked]

    tags, expected = {"cost-center": "4711"}, [{"Key": "cost-center", "Value": "4711"}]
    told, requests = served(1, A, tags)
    assert told == [("CreateModel", expected), ("CreateEndpointConfig", expected), ("CreateEndpoint", expected)]
    del aws_cloud.sagemaker.endpoints[endpoint]
    assert served(1, A, None)[1] == requests
    assert served(2, B, tags)[0] == [
        ("CreateModel", expected),
        ("CreateEndpointConfig", expected),
        ("UpdateEndpoint", None),
    ]


def test_more_tags_than_a_model_takes_are_noticed_before_a_release_is_promoted(aws_cloud, endpoint):
    tags, node = {f"tag-{number}": "" for number in range(51)}, Node(image="node:1", role="arn:aws:iam::1:role/node")
    nodes = SageMakerTraffic(lambda: aws_cloud.client("sagemaker"), lambda: None, endpoint, node, tags)
    assert "Tags has 51 entries, and the most allowed is 50" in str(nodes.refusal("production", A))


def test_a_release_gets_the_machines_that_the_one_before_had_and_so_does_the_way_back(nodes, scaled, variants):
    nodes(count=2).shift(shift(1, A))
    scaled(A, 12)
    nodes(count=2).shift(shift(2, B, A))
    assert variants() == {variant_of(B): (1, 12), variant_of(A): (0, 12)}
    nodes(count=2).shift(shift(3, A, B))
    assert variants()[variant_of(A)] == (1, 12)


def test_only_the_release_before_is_kept_at_full_strength(nodes, scaled, variants):
    nodes(count=2).shift(shift(1, A))
    nodes(count=2).shift(shift(2, B, A))
    scaled(B, 12)
    nodes(count=2).shift(shift(3, C, B, A))
    assert variants() == {variant_of(C): (1, 12), variant_of(B): (0, 12), variant_of(A): (0, 2)}


def test_a_release_never_gets_fewer_machines_than_the_node_asks_for(nodes, scaled, variants):
    nodes(count=2).shift(shift(1, A))
    scaled(A, 1)
    nodes(count=2).shift(shift(2, B, A))
    assert variants() == {variant_of(B): (1, 2), variant_of(A): (0, 2)}


def test_how_many_machines_there_are_is_read_without_a_call_more(nodes, aws_cloud):
    nodes().shift(shift(1, A))
    aws_cloud.faults.forget()
    assert nodes().refusal("production", B) is None
    nodes().shift(shift(2, B))
    looks = [one for one in aws_cloud.faults.calls if one in {"DescribeEndpoint", "ListTags"}]
    assert looks == ["DescribeEndpoint", "DescribeEndpoint", "ListTags", "ListTags"]


def test_a_variant_that_somebody_adds_beside_a_release_holds_nothing_and_gets_no_prompts_for_long(
    nodes, aws_cloud, endpoint, variants
):
    nodes().shift(shift(1, A))
    canary = {"VariantName": "canary", "CurrentWeight": 1, "DesiredWeight": 1, "CurrentInstanceCount": 1}
    aws_cloud.sagemaker.endpoints[endpoint]["ProductionVariants"].append(canary)
    assert nodes().serving("production") == Served(counter=1, release=f"canary, {A}")
    assert nodes().refusal("production", B) is None
    nodes().shift(shift(1, A))
    assert variants() == {variant_of(A): (1, 1), "canary": (0, 1)}
    nodes().shift(shift(2, B, A))
    assert list(variants()) == [variant_of(B), variant_of(A)]


class Recited:
    """A client that gives these answers and writes down what it was asked."""

    def __init__(self, **answers):
        self.answers, self.asked = answers, []

    def __getattr__(self, operation):
        def asked(**_):
            self.asked.append(operation)
            return self.answers.get(operation, {"EndpointArn": "arn"})

        return asked


def recited(**variants):
    described = [{"VariantName": variant_of(name), "CurrentWeight": weight} for name, weight in variants.items()]
    return {"EndpointArn": "arn", "EndpointName": "e", "EndpointStatus": "InService", "ProductionVariants": described}


def test_without_its_counter_an_endpoint_of_releases_goes_back_whoever_else_is_there():
    """Somebody deleted the tag, and added a variant by hand: that is no reason to stay with what is bad."""
    client = Recited(describe_endpoint=recited(**{A: 0.0, B: 1.0, "canary": 0.0}), list_tags={"Tags": []})
    traffic = SageMakerTraffic(lambda: client, lambda: None, "e", Node(image="node:1", role="arn:aws:iam::1:role/node"))
    traffic.shift(shift(7, A, B))
    assert client.asked[-2:] == ["list_tags", "add_tags"]
    assert "update_endpoint_weights_and_capacities" in client.asked


def test_an_answer_without_the_counters_tags_lets_no_old_shift_undo_a_later_one():
    client = Recited(describe_endpoint=recited(**{A: 1.0, B: 0.0}), list_tags={})
    traffic = SageMakerTraffic(lambda: client, lambda: None, "e", Node(image="node:1", role="arn:aws:iam::1:role/node"))
    with pytest.raises(ServiceError, match="without a list"):
        traffic.shift(shift(5, B, A))
    assert client.asked == ["describe_endpoint", "list_tags"]
