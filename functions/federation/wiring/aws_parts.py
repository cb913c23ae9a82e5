# SPDX-License-Identifier: Apache-2.0
"""The AWS adapters that every home may use: artifacts in its buckets, jobs on SageMaker."""

from federation.aws.artifacts import S3Artifacts
from federation.aws.clients import Clients
from federation.aws.trainer import SageMakerTrainer
from federation.settings import Settings
from federation.sources import Trust
from federation.wiring.tags import tags_of


def aws_artifacts(clients: Clients, trust: Trust) -> S3Artifacts:
    """The artifacts in the trusted buckets."""
    return S3Artifacts(clients.of("s3"), trust.s3_buckets)


def aws_trainer(clients: Clients, settings: Settings) -> SageMakerTrainer:
    """The jobs of this account and region."""
    tags = tags_of(settings)
    return SageMakerTrainer(clients.of("sagemaker"), settings.training_role, settings.training_key, tags)
