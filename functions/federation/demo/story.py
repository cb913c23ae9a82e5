# SPDX-License-Identifier: Apache-2.0
"""The demo's two weeks: a first release, a second one, an alarm, the roll-back, the bad unit's return.

Merges are due Mondays and Thursdays at 9, promotions Tuesdays from 10 to 14, both in Berlin (UTC+1 in November).
"""

from collections.abc import Iterator

from federation.demo import wire_aws, wire_google, wire_hub
from federation.demo.clouds import commit
from federation.demo.stage import Line, Stage
from federation.demo.trust import FOREIGN_ACCOUNT, GCS_BUCKET, S3_BUCKET

REPO = "adapters"


def story(stage: Stage) -> Iterator[Line]:
    """Play the story, and yield each line as it happens."""
    yield from first_week(stage)
    yield from second_week(stage)
    yield from the_alarm(stage)
    yield from the_return(stage)


def first_week(stage: Stage) -> Iterator[Line]:
    """The first units of three platforms become the first release, after some deliveries go wrong."""
    yield from _hub_ships(stage)
    yield from _sagemaker_ships(stage)
    yield from _vertex_ships(stage)
    yield _tick(stage, "2026-11-16T08:00:00Z", "merge", "The merge is due: Monday, 9 in Berlin")
    yield _tick(stage, "2026-11-16T08:05:00Z", "promote", "Somebody's schedule asks for a promotion on Monday")
    yield _tick(stage, "2026-11-17T09:00:00Z", "promote", "The promotion window opens: Tuesday, 10 in Berlin")
    yield _tick(stage, "2026-11-18T05:00:00Z", "ingest", "The daily sweep reads everything back")


def second_week(stage: Stage) -> Iterator[Line]:
    """Four of six newer units pass. The release carries over the units of the other two kinds."""
    manifest = stage.examples / "later" / "hf_manifest.json"
    sha = commit(manifest)
    stage.ships(manifest, f"hf://models/spiralverse/{REPO}@{sha}")
    before = commit(stage.examples / "hf_manifest.json")
    yield stage.arrives("2026-11-18T05:30:00Z", "The Hub reports a push", wire_hub.push(REPO, sha, before=before))
    folder = f"s3://{S3_BUCKET}/models/runtime-distilled-v2/output/"
    stage.ships(stage.examples / "later" / "aws_manifest.json", folder)
    at = "2026-11-18T05:40:00Z"
    job = wire_aws.training_job("runtime-distilled-v2", f"{folder}model.tar.gz", at)
    yield stage.arrives(at, "SageMaker: the job is Completed", job)
    stage.ships(stage.examples / "later" / "gcp_manifest.json", f"gs://{GCS_BUCKET}/embedder/v2/")
    at = "2026-11-18T05:50:00Z"
    yield stage.arrives(at, "Cloud Storage: the sentinel is written", wire_google.sentinel("embedder/v2/", at))
    yield _tick(stage, "2026-11-19T08:00:00Z", "merge", "The merge is due: Thursday, 9 in Berlin")
    yield _tick(stage, "2026-11-24T09:00:00Z", "promote", "The promotion window opens: Tuesday, 10 in Berlin")


def the_alarm(stage: Stage) -> Iterator[Line]:
    """An alarm about the previous release changes nothing; one about the serving release rolls it back, once."""
    yield stage.arrives(
        "2026-11-24T09:03:00Z",
        "CloudWatch: the error rate is too high, measured before the promotion",
        wire_aws.alarm("2026-11-24T09:03:00Z", about="2026-11-24T08:58:00Z"),
    )
    alarm = wire_aws.alarm("2026-11-24T14:04:41Z", about="2026-11-24T14:04:40Z")
    yield stage.arrives("2026-11-24T14:04:41Z", "CloudWatch: the error rate is too high, measured now", alarm)
    yield stage.arrives("2026-11-24T14:04:55Z", "EventBridge delivers the alarm again", alarm)


def the_return(stage: Stage) -> Iterator[Line]:
    """The bad unit returns with a new number; its bytes are still in quarantine."""
    manifest = stage.examples / "later" / "returning" / "hf_manifest.json"
    sha = commit(manifest)
    stage.ships(manifest, f"hf://models/spiralverse/{REPO}@{sha}")
    before = commit(stage.examples / "later" / "hf_manifest.json")
    push = wire_hub.push(REPO, sha, before=before)
    yield stage.arrives("2026-11-25T05:30:00Z", "The Hub reports a push: textgen-lora returns as v3", push)
    yield _tick(stage, "2026-11-26T08:00:00Z", "merge", "The merge is due: Thursday, 9 in Berlin")


def _tick(stage: Stage, at: str, kind: str, what: str) -> Line:
    return stage.arrives(at, what, wire_aws.tick(kind, at))


def _hub_ships(stage: Stage) -> Iterator[Line]:
    manifest = stage.examples / "hf_manifest.json"
    sha = commit(manifest)
    stage.ships(manifest, f"hf://models/spiralverse/{REPO}@{sha}")
    push = wire_hub.push(REPO, sha)
    yield stage.arrives("2026-11-15T05:30:00Z", "The Hub reports a push", push)
    yield stage.arrives("2026-11-15T05:31:00Z", "The Hub sends the same webhook again", push)
    forged = wire_hub.push(REPO, "f" * 40, secret="guessed")  # noqa: S106 - the point is that it is wrong
    yield stage.arrives("2026-11-15T05:32:00Z", "Somebody who does not know the secret reports a push", forged)
    cut = wire_hub.push(REPO, sha[:12])
    yield stage.arrives("2026-11-15T05:33:00Z", "The Hub sends a commit of twelve digits", cut)


def _sagemaker_ships(stage: Stage) -> Iterator[Line]:
    folder = f"s3://{S3_BUCKET}/models/runtime-distilled-v1/output/"
    at, artifact = "2026-11-15T05:40:00Z", f"{folder}model.tar.gz"
    job = wire_aws.training_job("runtime-distilled-v1", artifact, at)
    yield stage.arrives(at, "SageMaker: the job is Completed; its files are still on the way", job)
    stage.ships(stage.examples / "aws_manifest.json", folder)
    late = wire_aws.training_job("runtime-distilled-v1", artifact, "2026-11-15T05:20:00Z", status="InProgress")
    yield stage.arrives("2026-11-15T05:41:00Z", "SageMaker, late: the same job is InProgress", late)
    foreign = wire_aws.training_job("runtime-distilled-v9", artifact, at, account=FOREIGN_ACCOUNT)
    yield stage.arrives("2026-11-15T05:42:00Z", "SageMaker of a foreign account: a job is Completed", foreign)


def _vertex_ships(stage: Stage) -> Iterator[Line]:
    """The bucket's notification is lost, and the sweep finds the job."""
    at = "2026-11-15T05:50:00Z"
    stage.ships(stage.examples / "gcp_manifest.json", f"gs://{GCS_BUCKET}/embedder/v1/")
    stage.ended("embedder-v1", wire_google.finished("embedder/v1/", at))
    yield stage.arrives(
        "2026-11-15T05:51:00Z",
        "Vertex AI: the pipeline succeeded, without saying where its files are",
        wire_google.pipeline_succeeded("train-embedder-v1", at),
    )
    yield _tick(stage, "2026-11-16T05:00:00Z", "ingest", "The daily sweep asks the clouds which jobs really ended")
    late = wire_google.sentinel("embedder/v1/", at)
    yield stage.arrives("2026-11-16T05:10:00Z", "Cloud Storage, late: the sentinel is written", late)
