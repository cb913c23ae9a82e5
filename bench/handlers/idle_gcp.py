# SPDX-License-Identifier: Apache-2.0
"""A handler of functions-framework that does nothing."""

import functions_framework
from cloudevents.http import CloudEvent


@functions_framework.cloud_event
def handler(event: CloudEvent) -> None:
    del event
