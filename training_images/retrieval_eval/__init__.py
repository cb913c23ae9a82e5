# SPDX-License-Identifier: Apache-2.0
"""The retrieval-eval image: an index in an embedder's vectors, and the similarities from which it is trusted."""
