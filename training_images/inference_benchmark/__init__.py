# SPDX-License-Identifier: Apache-2.0
"""The runtime behind a real request: how long callers wait, and what an answer costs, next to what serves now."""
