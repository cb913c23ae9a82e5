# SPDX-License-Identifier: Apache-2.0
"""Fixtures of Azure's adapter."""

from tests.ports.backends_azure import *  # noqa: F403 - fixtures
