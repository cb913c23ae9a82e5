# SPDX-License-Identifier: Apache-2.0
"""MiniLM with a low-rank adapter, tuned so that a question lies next to the document that answers it: embedder."""
