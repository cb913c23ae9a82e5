# SPDX-License-Identifier: Apache-2.0
"""What holds for every test: a property may take its time, for the machine may be busy."""

from hypothesis import HealthCheck, settings

settings.register_profile("patient", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("patient")
