# SPDX-License-Identifier: Apache-2.0
"""The embedder image: MiniLM with a low-rank adapter, tuned to place a question next to the document that answers."""
