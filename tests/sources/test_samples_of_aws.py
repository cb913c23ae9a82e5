# SPDX-License-Identifier: Apache-2.0
"""What do payloads mean that AWS really sent, as others captured and published them?

Accounts, buckets and topics are replaced by ours; each sample names where it is public.
"""

import json
from pathlib import Path
from typing import Any

import botocore
import pytest
from tests.sources.cases import TRUST

from federation.sources import Reading, Request, read
from federation.sources.entry import of_invocation

TOPIC = "arn:aws:sns:us-east-1:111122223333:alarms"


def invoked(payload: Any) -> Reading:
    """What the door of AWS makes of an invocation with that payload."""
    return read(Request(entry=of_invocation(payload), body=json.dumps(payload).encode()), TRUST)


def notified(message: Any, topic: str = TOPIC) -> Reading:
    """The reading of a message that SNS invokes a function with."""
    text = message if isinstance(message, str) else json.dumps(message)
    notification = {"Type": "Notification", "TopicArn": topic, "Subject": None, "Message": text}
    return invoked({"Records": [{"EventSource": "aws:sns", "EventVersion": "1.0", "Sns": notification}]})


def queued(body: Any) -> Reading:
    """The reading of the one record in an SQS batch whose body is that JSON."""
    queue = "arn:aws:sqs:us-east-1:111122223333:door"
    record = {"messageId": "m-1", "eventSource": "aws:sqs", "eventSourceARN": queue, "body": json.dumps(body)}
    batch = invoked({"Records": [record]}).batch
    assert batch is not None
    return batch[0]


# aws/aws-lambda-go events/testdata/cloudwatch-alarm-sns-payload-multiple-metrics.json
METRIC_MATH = {
    "AlarmName": "churn-prod-5xx",
    "AlarmDescription": None,
    "AWSAccountId": "111122223333",
    "NewStateValue": "ALARM",
    "StateChangeTime": "2015-06-03T17:43:27.123+0000",
    "Region": "US East (N. Virginia)",
    "AlarmArn": "arn:aws:cloudwatch:us-east-1:111122223333:alarm:churn-prod-5xx",
    "OldStateValue": "INSUFFICIENT_DATA",
    "Trigger": {
        "Period": 60,
        "Threshold": 0.0,
        "Metrics": [
            {"Expression": "m1*1", "Id": "e1", "Label": "Expression1", "ReturnData": True},
            {
                "Id": "m1",
                "MetricStat": {
                    "Metric": {
                        "Dimensions": [{"value": "TestInstance", "name": "InstanceId"}],
                        "MetricName": "NetworkOut",
                        "Namespace": "AWS/EC2",
                    },
                    "Period": 60,
                    "Stat": "Average",
                },
                "ReturnData": False,
            },
        ],
    },
}


@pytest.mark.parametrize("body", [{"source": "aws.sagemaker"}, "text"])
def test_a_pipe_that_hands_over_bodies_alone_is_told_to_hand_over_the_records(body: Any):
    # the input template <$.body>: docs.aws.amazon.com/eventbridge/latest/userguide/eb-pipes-input-transformation.html
    reading = invoked([body])
    assert (reading.verdict, reading.error, reading.park) == ("reject", "not_an_object", True)
    assert "remove its input template" in reading.why


@pytest.mark.parametrize(
    "words",
    [
        # the subject that Alertmanager's sns_configs have by default, which people take for the message, too
        "[FIRING:1] ChurnP99 (eu-west-1 critical)",
        "[ALARM] churn is slow",
        "[2/3] deployed",
        "[",
        "Alerts Firing:\nLabels:\n - alertname = ChurnP99\n",
    ],
)
def test_words_may_begin_with_a_bracket(words: str):
    """A queue would deliver them again and again, and in the end to its dead letters."""
    wrapped = {"Type": "Notification", "TopicArn": TOPIC, "Message": words}
    for reading in (notified(words), queued(wrapped)):
        assert (reading.verdict, reading.error, reading.signal) == ("ignore", None, None)


@pytest.mark.parametrize(
    ("broken", "error"),
    [('{"AlarmName": ', "message_not_json"), ('[{"AlarmName": ', "message_not_json"), ('[{"a": 1}]', "not_an_object")],
)
def test_broken_json_is_not_taken_for_words(broken: str, error: str):
    assert notified(broken).error == error
    assert notified(f" \n{broken}").error == error


def test_an_alarm_on_a_formula_says_through_a_topic_which_metric_it_watches():
    signal = notified(METRIC_MATH).signal
    assert signal is not None
    assert (signal.verdict, signal.state, signal.at) == ("accept", "firing", "2015-06-03T17:43:27.123Z")
    assert signal.labels == {"InstanceId": "TestInstance"}


def test_an_alarm_is_its_arns_own_if_its_message_names_no_account():
    for account in ({"AWSAccountId": None}, {"AWSAccountId": ""}):
        signal = notified({**METRIC_MATH, **account}).signal
        assert signal is not None
        assert (signal.verdict, signal.state, signal.key) == ("accept", "firing", METRIC_MATH["AlarmArn"])
    assert notified({**METRIC_MATH, "AWSAccountId": "222233334444"}).error == "account_mismatch"


PARTITIONS = json.loads((Path(botocore.__file__).parent / "data" / "partitions.json").read_bytes())["partitions"]


@pytest.mark.parametrize("partition", PARTITIONS, ids=lambda partition: partition["id"])
def test_a_topic_of_each_partition_has_the_hosts_of_that_partition_and_no_others(partition: dict[str, Any]):
    region = next(name for name in partition["regions"] if not name.endswith("-global"))
    told = {"Type": "Notification", "TopicArn": f"arn:{partition['id']}:sns:{region}:111122223333:alarms"}
    told |= {"Message": json.dumps(METRIC_MATH)}
    own = partition["outputs"]["dnsSuffix"]
    for host in (*(other["outputs"]["dnsSuffix"] for other in PARTITIONS), f"{own}.example.com"):
        body = {**told, "SigningCertURL": f"https://sns.{region}.{host}/SimpleNotificationService-1.pem"}
        request = Request(entry="http:sns", body=json.dumps(body).encode(), proven=True)
        assert read(request, TRUST).error == (None if host == own else "sns_url_not_allowed"), host


def test_a_composite_alarm_watches_no_metric_of_its_own():
    # as docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarm-actions.html describes it
    composite = {key: value for key, value in METRIC_MATH.items() if key != "Trigger"}
    signal = notified({**composite, "AlarmRule": "ALARM(a) OR ALARM(b)", "TriggeringChildren": []}).signal
    assert signal is not None
    assert (signal.verdict, signal.state, signal.labels) == ("accept", "firing", {})


def test_an_alarm_of_the_years_before_its_arn_was_told_lies_in_the_region_of_its_topic():
    # terraform-aws-modules/terraform-aws-notify-slack functions/messages/cloudwatch_alarm.json
    old = {key: value for key, value in METRIC_MATH.items() if key != "AlarmArn"}
    signal = notified(old).signal
    assert signal is not None
    assert signal.key == METRIC_MATH["AlarmArn"]
    foreign = notified({**old, "AWSAccountId": "999988887777"})
    assert (foreign.verdict, foreign.error) == ("reject", "account_not_allowed")
    nameless = {key: value for key, value in old.items() if key != "AlarmName"}
    assert notified(nameless).error == queued(old).error == "bad_arn"


def test_a_subscription_that_a_queue_is_asked_to_confirm_waits_for_a_person():
    # SNS asks a queue of another account: docs.aws.amazon.com/sns/latest/dg/sns-send-message-to-sqs-cross-account.html
    # localstack/localstack tests/aws/services/sns/test_sns.snapshot.json, test_subscribe_external_http_endpoint
    confirmation = {
        "Type": "SubscriptionConfirmation",
        "MessageId": "165545c9-2a5c-472c-8df2-7ff2be2b3b1b",
        "Token": "2336412f37f",
        "TopicArn": TOPIC,
        "Message": f"You have chosen to subscribe to the topic {TOPIC}.\nTo confirm the subscription, visit ...",
        "SubscribeURL": f"https://sns.us-east-1.amazonaws.com/?Action=ConfirmSubscription&TopicArn={TOPIC}",
        "Timestamp": "2012-04-26T20:45:04.751Z",
        "SignatureVersion": "1",
    }
    reading = queued(confirmation)
    assert (reading.verdict, reading.error, reading.completions) == ("ignore", None, ())
    assert "confirm" in reading.why
    foreign = queued({**confirmation, "TopicArn": TOPIC.replace("111122223333", "999988887777")})
    assert foreign.error == "sns_topic_not_allowed"


# docs.aws.amazon.com/sagemaker/latest/dg/async-inference-check-predictions.html; a capture of 2023 is public in
# a handler for Stable Diffusion's upscaler
INFERENCE = {
    "awsRegion": "us-east-1",
    "eventTime": "2023-05-23T03:23:21.814Z",
    "receivedTime": "2023-05-23T03:23:09.588Z",
    "invocationStatus": "Completed",
    "requestParameters": {"accept": "application/json", "endpointName": "churn-prod"},
    "responseParameters": {"contentType": "application/json", "outputLocation": "s3://acme-ml-artifacts-prod/o.out"},
    "inferenceId": "8a80ed4e-1ff9-4c2b-bf16-31bdd5d17835",
    "eventVersion": "1.0",
    "eventSource": "aws:sagemaker",
    "eventName": "InferenceResult",
}
# docs.aws.amazon.com/autoscaling/ec2/userguide/ec2-auto-scaling-sns-notifications.html
SCALING = {
    "Service": "AWS Auto Scaling",
    "Event": "autoscaling:EC2_INSTANCE_LAUNCH",
    "AccountId": "111122223333",
    "AutoScalingGroupName": "churn-prod",
}
# terraform-aws-modules/terraform-aws-notify-slack functions/messages/dms_notification.json
MIGRATION = {
    "Event Source": "replication-task",
    "Event Time": "2019-02-12 15:45:24.091",
    "SourceId": "hello-world",
    "Event Message": "Replication task has stopped.",
}


@pytest.mark.parametrize("message", [INFERENCE, SCALING, MIGRATION], ids=["an inference", "a machine", "a database"])
def test_what_another_service_tells_a_topic_that_we_share_is_no_poison(message: dict[str, Any]):
    for reading in (notified(message), queued(message)):
        assert (reading.verdict, reading.error, reading.completions, reading.signal) == ("ignore", None, (), None)


@pytest.mark.parametrize(
    "payload",
    [
        # aws-powertools/powertools-lambda-python tests/events/cloudWatchLogEvent.json
        {"awslogs": {"data": "H4sIAAAAAAAAAHWPwQqCQBCGX0Xm7EFtK+smZBEUgXoLCdMhFtKV3akI8d0b"}},
        # aws/aws-lambda-go events/testdata/s3-batch-job-event-request-1.0.json
        {"invocationSchemaVersion": "1.0", "invocationId": "YXNkbGZqYWRmaiBhc2RmdW9h", "tasks": []},
        # aws-powertools/powertools-lambda-python tests/events/kinesisFirehoseSQSEvent.json
        {"invocationId": "556b67a3", "deliveryStreamArn": "arn:aws:firehose:us-east-1:111122223333:deliverystream/a"},
        # aws-powertools/powertools-lambda-python tests/events/kinesisStreamEvent.json, shortened
        {"Records": [{"eventSource": "aws:kinesis", "eventID": "shardId-0:4959", "kinesis": {"data": "SGVsbG8="}}]},
        # docs.aws.amazon.com/sagemaker/latest/dg/automating-sagemaker-with-eventbridge.html, its envelope left behind
        {"TrainingJobName": "churn", "TrainingJobStatus": "Completed"},
    ],
    ids=["logs", "a batch operation", "a delivery stream", "a stream", "a bare detail"],
)
def test_an_invocation_that_is_nothing_of_ours_is_no_tick(payload: dict[str, Any]):
    reading = invoked(payload)
    assert (reading.verdict, reading.error, reading.signal) == ("reject", "not_an_event", None)


@pytest.mark.parametrize("payload", [{}, {"kind": "merge"}, {"scheduled_time": "2026-11-18T16:00:00Z"}])
def test_a_schedulers_input_is_still_a_tick(payload: dict[str, Any]):
    signal = invoked(payload).signal
    assert signal is not None
    assert (signal.kind, signal.verdict) == ("tick", "accept")


# aws-samples/amazon-sagemaker-drift-detection README.md, captured in June 2021: its times are numbers
PACKAGE = {
    "version": "0",
    "id": "c800a495-b000-072c-7392-c683e89c96a8",
    "detail-type": "SageMaker Model Package State Change",
    "source": "aws.sagemaker",
    "account": "111122223333",
    "time": "2021-06-03T04:45:23Z",
    "region": "eu-west-1",
    "resources": ["arn:aws:sagemaker:eu-west-1:111122223333:model-package/churn/26"],
    "detail": {
        "ModelPackageName": "churn/26",
        "ModelPackageGroupName": "churn",
        "ModelPackageVersion": 26,
        "ModelPackageArn": "arn:aws:sagemaker:eu-west-1:111122223333:model-package/churn/26",
        "CreationTime": 1622695255225,
        "InferenceSpecification": {
            "Containers": [
                {
                    "Image": "257758044811.dkr.ecr.eu-west-1.amazonaws.com/sagemaker-xgboost:1.0-1-cpu-py3",
                    "ModelDataUrl": "s3://acme-ml-artifacts-prod/churn/model/pipelines-4r83/output/model.tar.gz",
                }
            ]
        },
        "ModelPackageStatus": "Completed",
        "ModelApprovalStatus": "Approved",
    },
}


@pytest.mark.parametrize("version", [26, "26"])
def test_an_approved_package_is_an_artifact_of_its_version(version: Any):
    completion = invoked({**PACKAGE, "detail": {**PACKAGE["detail"], "ModelPackageVersion": version}}).completion
    assert completion is not None
    assert completion.revision == "26"
    assert completion.artifact_uri == "s3://acme-ml-artifacts-prod/churn/model/pipelines-4r83/output/model.tar.gz"
    assert completion.completed_at == "2021-06-03T04:45:23Z"


def test_a_job_that_completes_no_artifact_may_name_what_lies_elsewhere():
    # docs.aws.amazon.com/sagemaker/latest/dg/automating-sagemaker-with-eventbridge.html, "processing job state change"
    processing = {
        "detail-type": "SageMaker Processing Job State Change",
        "source": "aws.sagemaker",
        "account": "111122223333",
        "time": "2019-05-31T21:49:54Z",
        "region": "us-east-1",
        "resources": ["arn:aws:sagemaker:us-west-2:037210630506:processing-job/integ-test-analytics-algo-54ee3282"],
        "detail": {"ProcessingJobStatus": "Failed", "ProcessingEndTime": 1704320746000},
    }
    assert (invoked(processing).verdict, invoked(processing).error) == ("ignore", None)
    endpoint = {
        **processing,
        "detail-type": "SageMaker Endpoint State Change",
        "detail": {
            "EndpointArn": "arn:aws:sagemaker:us-east-1:111122223333:endpoint/churn",
            "EndpointStatus": "IN_SERVICE",
        },
    }
    assert invoked(endpoint).error == "account_mismatch"
