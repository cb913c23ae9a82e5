# SPDX-License-Identifier: Apache-2.0
"""How do three clouds run on this machine: where do platforms upload, and what must every function of a home know?"""

import json
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from infra.emulators import aws, gcs, hub, pubsub, vertex
from infra.emulators.aws import ACCOUNT, REGION

from federation.core.admission import files_of
from federation.core.manifest import manifest_of
from federation.core.strict_json import document
from federation.core.uri import SENTINEL
from federation.demo.trust import GCS_BUCKET, PROJECT, PROJECT_NUMBER, REGISTRY, S3_BUCKET, TRUST
from federation.hub.clients import client

VERTEX_REGION: Final = "europe-west4"
ROLE: Final = f"arn:aws:iam::{ACCOUNT}:role/federation-relay"


@dataclass(frozen=True, kw_only=True)
class Clouds:
    """The running imitations of all clouds."""

    aws: aws.Cloud
    gcs: gcs.Emulator
    pubsub: pubsub.Emulator
    vertex: vertex.Emulator
    hub: hub.Hub

    def environment(self, **home: str) -> dict[str, str]:
        """The variables that every function of a home has in its environment.

        Args:
            home: The FEDERATION_* variables of this home, without that prefix.
        """
        apis = {
            "vertex": self.vertex.endpoint,
            "monitoring": self.vertex.endpoint,
            "secrets": self.vertex.endpoint,
            "certs": f"{self.pubsub.identity}/oauth2/v1/certs",
            "metadata": self.pubsub.identity,
        }
        own = {
            "trust": json.dumps(TRUST),
            "registry": REGISTRY,
            "hub_endpoint": self.hub.endpoint,
            "hub_token": "",
            "apis": json.dumps(apis),
            "region": VERTEX_REGION,
            **home,
        }
        return {
            **self.aws.environment,
            "STORAGE_EMULATOR_HOST": self.gcs.endpoint,
            "PUBSUB_EMULATOR_HOST": self.pubsub.endpoint,
            "GOOGLE_CLOUD_PROJECT": PROJECT,
            "HF_TOKEN": "hf_local",
            "HF_HUB_DISABLE_XET": "1",
            "POWERTOOLS_LOG_LEVEL": "WARNING",
            "LOG_LEVEL": "WARNING",
            "GRPC_VERBOSITY": "NONE",
            **{f"FEDERATION_{name.upper()}": value for name, value in own.items() if value},
        }

    def ship(self, manifest: Path, to: str) -> None:
        """Upload a manifest, last, and every file that it names below a URI, with that cloud's own client."""
        files = {
            file.path: (manifest.parent / file.path).read_bytes()
            for unit in manifest_of(document(manifest.read_bytes())).units
            for file in files_of(unit)
        }
        scheme, _, place = to.partition("://")
        uploads = {"s3": self._to_s3, "gs": self._to_gcs, "hf": self._to_hub}
        uploads[scheme](place, {**files, SENTINEL: manifest.read_bytes()})

    def succeeded(self, folder: str, at: str) -> None:
        """Report that a pipeline of Vertex AI succeeded with its unit in that folder."""
        parent = f"projects/{PROJECT_NUMBER}/locations/{VERTEX_REGION}"
        name = f"{parent}/pipelineJobs/embedder-{self.vertex.resources.id()}"
        self.vertex.resources.keep(name, {"state": "PIPELINE_STATE_RUNNING"})
        unit = {"uri": folder.rstrip("/"), "schemaTitle": "system.Model"}
        detail = {"taskDetails": [{"taskName": "train", "outputs": {"model": {"artifacts": [unit]}}}]}
        self.vertex.jobs.move(name, "SUCCEEDED", at=at, jobDetail=detail)

    def _to_s3(self, place: str, files: Mapping[str, bytes]) -> None:
        bucket, _, folder = place.partition("/")
        s3 = self.aws.client("s3")
        for path, body in files.items():
            s3.put_object(Bucket=bucket, Key=f"{folder}{path}", Body=body)

    def _to_gcs(self, place: str, files: Mapping[str, bytes]) -> None:
        bucket, _, folder = place.partition("/")
        held = storage_client(self.gcs).bucket(bucket)
        for path, body in files.items():
            held.blob(f"{folder}{path}").upload_from_string(body)

    def _to_hub(self, place: str, files: Mapping[str, bytes]) -> None:
        api = hub_client(self.hub)  # sets what the library reads when it is imported
        from huggingface_hub import CommitOperationAdd

        repo, _, commit = place.removeprefix("models/").partition("@")
        api.create_repo(repo, exist_ok=True)
        self.hub.repositories.held["model", repo].foretold.append(commit)
        operations = [CommitOperationAdd(path_in_repo=path, path_or_fileobj=body) for path, body in files.items()]
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # the library's own, when it uploads to LFS
            made = api.create_commit(repo, operations, commit_message="A unit")
        if made.oid != commit:
            raise RuntimeError(f"the commit is {made.oid}, and the story tells of {commit}")


@contextmanager
def serving() -> Iterator[Clouds]:
    """Run all of them, with the buckets that the platforms upload to."""
    with (
        aws.serving() as amazon,
        gcs.serving(buckets=(GCS_BUCKET,)) as storage,
        pubsub.serving() as messages,
        vertex.serving({PROJECT: PROJECT_NUMBER}) as vertex_ai,
        hub.serving() as huggingface,
    ):
        amazon.client("s3").create_bucket(Bucket=S3_BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION})
        yield Clouds(aws=amazon, gcs=storage, pubsub=messages, vertex=vertex_ai, hub=huggingface)


def storage_client(emulator: gcs.Emulator) -> Any:
    """The real client of Cloud Storage, pointed at the emulator."""
    from google.api_core.client_options import ClientOptions
    from google.auth.credentials import AnonymousCredentials
    from google.cloud import storage

    options = ClientOptions(api_endpoint=emulator.endpoint)
    return storage.Client(project=PROJECT, credentials=AnonymousCredentials(), client_options=options)


def hub_client(emulator: hub.Hub) -> Any:
    """The real client of the Hub, pointed at the emulator."""
    return client(emulator.endpoint, "hf_local")
