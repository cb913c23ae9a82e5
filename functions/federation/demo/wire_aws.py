# SPDX-License-Identifier: Apache-2.0
"""What AWS sends: events of SageMaker and CloudWatch through EventBridge, and of EventBridge Scheduler.

The bodies have the same keys as events/sagemaker/training_completed_doc_style, events/cloudwatch/alarm_single_firing
and events/scheduler/eventbridge_scheduler_input_context. Names and times are the demo's.
"""

import json
from typing import Any, Final

from federation.core import instant
from federation.demo.trust import ACCOUNT, REGION, S3_BUCKET
from federation.sources import Request

ALARM: Final = "production-error-rate"


def training_job(name: str, artifact: str, at: str, *, status: str = "Completed", account: str = ACCOUNT) -> Request:
    """A training job changed its state.

    Args:
        name: The job's name.
        artifact: URI of its model.
        at: When its state changed, RFC 3339 in UTC.
        status: The new state.
        account: The account that owns the job.
    """
    arn = f"arn:aws:sagemaker:{REGION}:{account}:training-job/{name}"
    ended = str(instant.microseconds(at) // 1000)
    detail = {
        "TrainingJobName": name,
        "TrainingJobArn": arn,
        "TrainingJobStatus": status,
        "SecondaryStatus": status,
        "HyperParameters": {"kind": name.rpartition("-v")[0]},
        "AlgorithmSpecification": {
            "TrainingImage": f"{account}.dkr.ecr.{REGION}.amazonaws.com/distiller:1.0.0",
            "TrainingInputMode": "File",
        },
        "RoleArn": f"arn:aws:iam::{account}:role/training",
        "ModelArtifacts": {"S3ModelArtifacts": artifact},
        "OutputDataConfig": {"S3OutputPath": f"s3://{S3_BUCKET}/models", "KmsKeyId": ""},
        "ResourceConfig": {"InstanceType": "ml.m5.2xlarge", "InstanceCount": 1, "VolumeSizeInGB": 30},
        "StoppingCondition": {"MaxRuntimeInSeconds": 7200},
        "TrainingEndTime": ended,
        "LastModifiedTime": ended,
        "Tags": {},
    }
    return _eventbridge("aws.sagemaker", "SageMaker Training Job State Change", arn, at, account, detail)


def alarm(at: str, about: str, *, state: str = "ALARM") -> Request:
    """The alarm on the error rate changed its state.

    Args:
        at: When EventBridge sends it.
        about: When the state changed, which is the time of the data.
        state: ALARM, OK or INSUFFICIENT_DATA.
    """
    arn = f"arn:aws:cloudwatch:{REGION}:{ACCOUNT}:alarm:{ALARM}"
    detail = {
        "alarmName": ALARM,
        "state": {
            "value": state,
            "reason": "Threshold Crossed: 2 datapoints [22.0, 14.0] were greater than the threshold (10.0).",
            "timestamp": about.replace("Z", ".000+0000"),
            "reasonData": json.dumps(
                {"version": "1.0", "period": 60, "recentDatapoints": [14.0, 22.0], "threshold": 10.0}
            ),
        },
        "previousState": {"value": "OK", "reason": "no datapoints above", "timestamp": "2026-11-01T00:00:00.000+0000"},
        "configuration": {
            "description": "5xx answers of the serving nodes",
            "metrics": [
                {
                    "id": "m1",
                    "metricStat": {
                        "metric": {
                            "namespace": "AWS/SageMaker",
                            "name": "Invocation5XXErrors",
                            "dimensions": {"EndpointName": "production", "VariantName": "AllTraffic"},
                        },
                        "period": 60,
                        "stat": "Sum",
                    },
                    "returnData": True,
                }
            ],
        },
    }
    return _eventbridge("aws.cloudwatch", "CloudWatch Alarm State Change", arn, at, ACCOUNT, detail)


def tick(kind: str, at: str) -> Request:
    """EventBridge Scheduler asks for `merge`, `promote` or `ingest`."""
    body = {
        "kind": kind,
        "schedule": f"arn:aws:scheduler:{REGION}:{ACCOUNT}:schedule/federation/{kind}",
        "scheduled_time": at,
        "execution_id": f"{kind}-{at[:10]}",
        "attempt": "1",
    }
    return Request(entry="lambda:scheduler", body=json.dumps(body).encode())


def _eventbridge(source: str, kind: str, resource: str, at: str, account: str, detail: dict[str, Any]) -> Request:  # noqa: PLR0917 - private, the envelope's fields in their order
    envelope = {
        "version": "0",
        "id": f"{resource.rpartition(':')[2]}@{at}",
        "detail-type": kind,
        "source": source,
        "account": account,
        "time": at,
        "region": REGION,
        "resources": [resource],
        "detail": detail,
    }
    return Request(entry="lambda:eventbridge", body=json.dumps(envelope).encode())
