# SPDX-License-Identifier: Apache-2.0
"""An index in an embedder's vectors, and the similarities from which on it is trusted: retrieval-eval."""
