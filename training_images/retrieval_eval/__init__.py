# SPDX-License-Identifier: Apache-2.0
"""The retrieval-eval image: an index of an embedder's vectors, and similarity thresholds for routing."""
