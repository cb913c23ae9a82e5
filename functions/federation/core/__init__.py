# SPDX-License-Identifier: Apache-2.0
"""The domain: documents, rules and decisions, without I/O, clock, environment or logging."""
