# SPDX-License-Identifier: Apache-2.0
"""What if an order was announced, but a step could not handle it?"""

from federation.errors import ServiceError


class StepFailedError(ServiceError):
    """A step failed on an announced event every time. The event is a dead letter, so the order must not be given again."""
