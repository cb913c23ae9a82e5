# SPDX-License-Identifier: Apache-2.0
"""The trust document of the demo's home."""

from typing import Any, Final

ACCOUNT: Final = "111122223333"
FOREIGN_ACCOUNT: Final = "999988887777"
REGION: Final = "eu-central-1"
S3_BUCKET: Final = "spiralverse-artifacts"
PROJECT: Final = "spiralverse-ml"
PROJECT_NUMBER: Final = "987654321098"
GCS_BUCKET: Final = "spiralverse-training"
SUBSCRIPTION: Final = f"projects/{PROJECT}/subscriptions/completions"
AUDIENCE: Final = "https://federation.spiralverse.example/events"
PUSHER: Final = f"pubsub@{PROJECT}.iam.gserviceaccount.com"
ORG: Final = "spiralverse"
REGISTRY: Final = f"{ORG}/{ORG}-ai-federated"
HUB_SECRET: Final = "said-aloud-in-the-demo"  # noqa: S105 - it opens nothing but the demo's own home

TRUST: Final[dict[str, Any]] = {
    "aws_accounts": [ACCOUNT],
    "s3_buckets": [S3_BUCKET],
    "gcp_project": PROJECT,
    "gcp_project_number": PROJECT_NUMBER,
    "gcs_buckets": [GCS_BUCKET],
    "oidc_audience": {"vertex/gcs": AUDIENCE},
    "push_email": PUSHER,
    "push_subscriptions": [SUBSCRIPTION],
    "hf_owner": ORG,
    "hf_secret": HUB_SECRET,
    "hf_refs": ["refs/heads/main"],
    "hf_registry": REGISTRY,
    "sentinel": "_MANIFEST.json",
}
"""The trust document (docs/sources.md). The demo writes it into its home, for `federation receive --trust`."""
