# SPDX-License-Identifier: Apache-2.0
"""The cluster's emulator and the real client."""

from tests.ports.backends_kubernetes import *  # noqa: F403 - fixtures
