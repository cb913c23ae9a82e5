# SPDX-License-Identifier: Apache-2.0
"""Google Cloud: Cloud Storage, Pub/Sub, Vertex AI, Secret Manager, and identity tokens."""
