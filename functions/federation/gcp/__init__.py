# SPDX-License-Identifier: Apache-2.0
"""Everything on Google Cloud: Cloud Storage, Pub/Sub, Vertex AI, Secret Manager, and the identities between them."""
