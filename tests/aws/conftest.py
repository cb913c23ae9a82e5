# SPDX-License-Identifier: Apache-2.0
"""AWS on this machine, once a process."""

from tests.ports.backends_aws import *  # noqa: F403 - fixtures
