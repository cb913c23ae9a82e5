# SPDX-License-Identifier: Apache-2.0
"""The backends of the conformance suites, for what only Google's adapters promise."""

from tests.ports.backends_gcp import *  # noqa: F403 - fixtures
