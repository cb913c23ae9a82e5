# SPDX-License-Identifier: Apache-2.0
"""The Hub's emulator, the real client, and releases to publish."""

from tests.ports.backends_hub import *  # noqa: F403 - fixtures
