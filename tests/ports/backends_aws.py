# SPDX-License-Identifier: Apache-2.0
"""The adapters of AWS, on an imitation of it."""

import json
import uuid
from functools import cache

import pytest
from infra.emulators import aws
from tests.ports.accounts import until
from tests.ports.jobs import jobs_of
from tests.ports.letterbox import Letterbox
from tests.ports.line import Line
from tests.ports.monitor import Monitor
from tests.ports.shelf import Shelf
from tests.ports.tenant import Tenant
from tests.ports.vault import Vault

from federation.aws.alarms import CloudWatchAlarms
from federation.aws.artifacts import S3Artifacts
from federation.aws.bus import SOURCE, EventBridgeBus
from federation.aws.dead_letters import SqsDeadLetters
from federation.aws.secrets import AwsSecrets
from federation.aws.store import S3Store
from federation.aws.traffic import Node, SageMakerTraffic
from federation.aws.trainer import SageMakerTrainer
from federation.core.event import Event

QUEUED = ("gate", "fuse", "roll_back")
SAGEMAKER_JOB = {
    "platform": "aws",
    "kind": "runtime-distilled",
    "image": "node:1",
    "machine": "ml.m5.large",
    "output": "s3://acme-units/jobs",
    "max_minutes": 10,
}
SAGEMAKER_WRONG = ({"machine": None}, {"output": None}, {"region": "ap-south-2"})


@pytest.fixture(scope="session")
def aws_serving():
    with aws.serving() as cloud:
        yield cloud


@pytest.fixture
def aws_cloud(aws_serving):
    """Without a fault or a call that an earlier test left."""
    aws_serving.faults.forget()
    return aws_serving


@pytest.fixture(scope="session")
def s3(aws_serving):
    return aws_serving.client("s3")


@pytest.fixture
def bucket(s3):
    name = f"acme-{uuid.uuid4().hex[:12]}"
    s3.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": aws.REGION})
    return name


@pytest.fixture
def s3_store(s3, bucket):
    return S3Store(lambda: s3, bucket, "home/")


@pytest.fixture
def s3_shelf(s3, bucket):
    return shelf_on_s3(s3, bucket)


def shelf_on_s3(s3, bucket, prefix=""):
    def place(path, body):
        s3.put_object(Bucket=bucket, Key=f"{prefix}{path}", Body=body)
        return f"s3://{bucket}/{prefix}{path}"

    foreign = (
        "s3://somebody-else/unit/model.bin",
        f"gs://{bucket}/unit/model.bin",
        f"https://{bucket}.s3.amazonaws.com/unit/model.bin",
        "http://169.254.169.254/latest/meta-data",
        f"s3://{bucket}/unit/../../model.bin",
        f"s3://{bucket}//model.bin",
        f"s3://{bucket}/unit/model.bin?versionId=1",
        f"s3://user@{bucket}/unit/model.bin",
        f"s3://{bucket}",
    )
    return Shelf(artifacts=S3Artifacts(lambda: s3, frozenset({bucket})), place=place, foreign=foreign)


@pytest.fixture
def eventbridge_line(aws_cloud):
    """A bus with a rule that puts every event of ours into a queue."""
    events, sqs, name = aws_cloud.client("events"), aws_cloud.client("sqs"), f"f-{uuid.uuid4().hex[:12]}"
    events.create_event_bus(Name=name)
    events.put_rule(Name=name, EventBusName=name, EventPattern=json.dumps({"source": [SOURCE]}))
    arn = f"arn:aws:sqs:{aws.REGION}:{aws.ACCOUNT}:{name}"
    queue = sqs.create_queue(QueueName=name)["QueueUrl"]
    events.put_targets(Rule=name, EventBusName=name, Targets=[{"Id": "1", "Arn": arn}])
    return line_into_sqs(EventBridgeBus(lambda: events, name), sqs, queue)


def line_into_sqs(bus, sqs, queue, seconds=0):
    """A line whose listener waits so many seconds for a further message; what is not ours stays in the queue."""

    def heard(count):
        ours = []
        while batch := received(sqs, queue, WaitTimeSeconds=seconds):
            ours += [event for event in map(_told, batch) if event.source == line.source]
            for one in batch:
                if _told(one).source == line.source:
                    sqs.delete_message(QueueUrl=queue, ReceiptHandle=one["ReceiptHandle"])
            if count and len({event.id for event in ours}) >= count:
                break
        return ours

    line = Line(bus=bus, heard=heard)
    return line


def received(sqs, queue, **options):
    return sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10, **options).get("Messages", ())


def _told(message):
    return Event.of(json.loads(message["Body"])["detail"])


@pytest.fixture
def sagemaker_traffic(aws_serving):
    node = Node(image="node:1", role=f"arn:aws:iam::{aws.ACCOUNT}:role/federation-node")
    clients = {name: aws_serving.client(name) for name in ("sagemaker", "sagemaker-runtime")}
    endpoint = f"production-{uuid.uuid4().hex[:8]}"
    return SageMakerTraffic(lambda: clients["sagemaker"], lambda: clients["sagemaker-runtime"], endpoint, node)


@pytest.fixture
def sagemaker_tenant(aws_cloud):
    """An endpoint as SageMaker's own guides make one."""
    sagemaker, name = aws_cloud.client("sagemaker"), f"classifier-{uuid.uuid4().hex[:8]}"
    role = f"arn:aws:iam::{aws.ACCOUNT}:role/classifier"
    sagemaker.create_model(ModelName=name, ExecutionRoleArn=role, PrimaryContainer={"Image": "classifier:1"})
    variant = {"VariantName": "AllTraffic", "ModelName": name, "InstanceType": "ml.m5.large", "InitialInstanceCount": 6}
    sagemaker.create_endpoint_config(EndpointConfigName=name, ProductionVariants=[variant])
    sagemaker.create_endpoint(EndpointName=name, EndpointConfigName=name)

    def serving():
        found = sagemaker.describe_endpoint(EndpointName=name)["ProductionVariants"]
        return [one["VariantName"] for one in found if one["CurrentWeight"]]

    node = Node(image="node:1", role=f"arn:aws:iam::{aws.ACCOUNT}:role/federation-node")
    traffic = SageMakerTraffic(lambda: sagemaker, lambda: None, name, node)
    return Tenant(traffic=traffic, name="AllTraffic", serving=serving)


@pytest.fixture
def sqs(aws_cloud):
    return aws_cloud.client("sqs")


@pytest.fixture
def sqs_prefix(sqs):
    prefix = f"f-{uuid.uuid4().hex[:12]}-"
    make_queues(sqs, prefix)
    return prefix


def make_queues(sqs, prefix):
    """Queues as infra/aws makes them, but that they give an event up after one delivery; the URLs of all."""
    made = []
    for step in QUEUED:
        made.append(sqs.create_queue(QueueName=f"{prefix}{step}-dead")["QueueUrl"])
        told = sqs.get_queue_attributes(QueueUrl=made[-1], AttributeNames=["QueueArn"])["Attributes"]
        policy = json.dumps({"deadLetterTargetArn": told["QueueArn"], "maxReceiveCount": 1})
        made.append(sqs.create_queue(QueueName=f"{prefix}{step}", Attributes={"RedrivePolicy": policy})["QueueUrl"])
    return made


@pytest.fixture
def sqs_letterbox(sqs, sqs_prefix):
    def given_up(_letters, queue, _event):
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        told = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=names)["Attributes"]
        return not any(int(count) for count in told.values())

    return letterbox_on_sqs(sqs, sqs_prefix, given_up, seconds=0)


def letterbox_on_sqs(sqs, prefix, given_up, *, seconds, pause=0):
    """A letterbox of these queues.

    Args:
        sqs: A client.
        prefix: Of the queues' names.
        given_up: Of the letters, a step's queue and an event: whether the event is a dead letter by now.
        seconds: How long SQS looks for a further letter.
        pause: The same for what comes back to a step.
    """

    @cache
    def url(step):
        return sqs.get_queue_url(QueueName=f"{prefix}{step}")["QueueUrl"]

    def gives_up(step, event):
        body = json.dumps({"source": SOURCE, "detail-type": event.type, "detail": event.document()})
        sqs.send_message(QueueUrl=url(step), MessageBody=body)
        until(lambda: lies_there(step, event), seconds=300, pause=0)

    def lies_there(step, event):
        if given_up(letters, url(step), event):
            return True
        received(sqs, url(step), VisibilityTimeout=0)
        return False

    def delivered():
        got = []
        for step in QUEUED:
            while found := received(sqs, url(step), WaitTimeSeconds=pause):
                got += [(step, _told(one)) for one in found]
                for one in found:
                    sqs.delete_message(QueueUrl=url(step), ReceiptHandle=one["ReceiptHandle"])
        return got

    letters = SqsDeadLetters(lambda: sqs, prefix, ("receive", *QUEUED), seconds=seconds)
    return Letterbox(letters=letters, gives_up=gives_up, delivered=delivered)


@pytest.fixture
def sagemaker_jobs(aws_cloud):
    sagemaker = aws_cloud.client("sagemaker")

    def ends(name, well):
        if well:
            aws_cloud.sagemaker.finish(name, f"{SAGEMAKER_JOB['output']}/{name}/output/model")
        else:
            aws_cloud.sagemaker.fail(name, "AlgorithmError: , exit code: 42")

    return jobs_on_sagemaker(sagemaker, f"arn:aws:iam::{aws.ACCOUNT}:role/federation-training", SAGEMAKER_JOB, ends)


def jobs_on_sagemaker(sagemaker, role, job, ends):
    def started(name):
        found = sagemaker.list_training_jobs(NameContains=name)["TrainingJobSummaries"]
        return len([one for one in found if one["TrainingJobName"] == name])

    return jobs_of(SageMakerTrainer(lambda: sagemaker, role), job, started, ends, *SAGEMAKER_WRONG)


@pytest.fixture
def secrets_manager_vault(aws_cloud):
    client = aws_cloud.client("secretsmanager")
    arn = client.create_secret(Name=f"hub-{uuid.uuid4().hex[:12]}")["ARN"]

    def keep(text):
        client.put_secret_value(SecretId=arn, SecretString=text)
        return arn

    absent = client.create_secret(Name=f"without-a-value-{uuid.uuid4().hex[:12]}")["ARN"]
    return _vault(aws_cloud, keep, absent, "GetSecretValue")


@pytest.fixture
def parameter_store_vault(aws_cloud):
    name = f"/federation/{uuid.uuid4().hex[:12]}"

    def keep(text):
        aws_cloud.client("ssm").put_parameter(Name=name, Value=text, Type="SecureString", Overwrite=True)
        return name

    return _vault(aws_cloud, keep, f"{name}/none", "GetParameter")


def _vault(cloud, keep, absent, operation):
    secrets = AwsSecrets(cache(cloud.client))
    return Vault(secrets=secrets, keep=keep, absent=absent, deny=lambda: cloud.faults.refuse(operation, 403))


@pytest.fixture
def cloudwatch_monitor(aws_cloud):
    client, prefix, made = aws_cloud.client("cloudwatch"), f"production-{uuid.uuid4().hex[:12]}-", set()

    def put(name, state):
        made.add(name)
        client.put_metric_alarm(
            AlarmName=name,
            Namespace="AWS/SageMaker",
            MetricName="Invocation5XXErrors",
            Dimensions=[{"Name": "EndpointName", "Value": "production"}],
            Period=60,
            EvaluationPeriods=1,
            Threshold=10,
            ComparisonOperator="GreaterThanThreshold",
            Statistic="Sum",
        )
        client.set_alarm_state(AlarmName=name, StateValue=state, StateReason="a test says so")

    yield Monitor(
        alarms=CloudWatchAlarms(lambda: client, prefix),
        fires=lambda name: put(f"{prefix}{name}", "ALARM"),
        ends=lambda name: put(f"{prefix}{name}", "OK"),
        strange=lambda: put(f"staging-{uuid.uuid4().hex[:12]}", "ALARM"),
        deny=lambda: aws_cloud.faults.refuse("DescribeAlarms", 403),
    )
    client.delete_alarms(AlarmNames=sorted(made))
