"""The backends of the conformance suites, for what only the adapters of AWS promise."""

from tests.ports.backends_aws import *  # noqa: F403 - fixtures
