# SPDX-License-Identifier: Apache-2.0
"""Clients of a cluster.

The package `kubernetes` is imported with the first client, since importing it is slow.
"""

from functools import cache
from typing import Any, Final

TIMEOUTS: Final = (5.0, 30.0)
"""Seconds to connect and to read, for each request."""
_RETRIES: Final = 3
"""Retries of a request whose connection failed. After an answer such as 429, the next delivery tries again."""


@cache
def batch(context: str | None = None) -> Any:
    """The batch/v1 API of a cluster.

    Args:
        context: A context of the kubeconfig (KUBECONFIG, else ~/.kube/config); None inside a cluster.
    """
    from urllib3 import Retry

    from kubernetes import client, config

    configuration = client.Configuration()
    configuration.retries = Retry(
        _RETRIES, respect_retry_after_header=False
    )  # else it sleeps as long as a cluster asks
    if context is None:
        config.load_incluster_config(configuration)  # type: ignore[no-untyped-call]
    else:
        config.load_kube_config(context=context, client_configuration=configuration)  # type: ignore[no-untyped-call]
    return client.BatchV1Api(client.ApiClient(configuration))


def core_api(batch: Any) -> Any:
    """The core/v1 API of the same cluster as a batch/v1 API, over the same connections."""
    from kubernetes import client

    return client.CoreV1Api(batch.api_client)
