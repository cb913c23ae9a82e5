# SPDX-License-Identifier: Apache-2.0
"""The runtime behind real requests: how long callers wait and what an answer costs, next to the serving runtime."""
