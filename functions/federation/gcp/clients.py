# SPDX-License-Identifier: Apache-2.0
"""Google's clients, each made once, at its first use, with default credentials.

Every adapter takes one of these functions. Each imports only what its client needs. Google's libraries honour
STORAGE_EMULATOR_HOST and PUBSUB_EMULATOR_HOST.
"""

from functools import cache
from typing import Any, Final

_SCOPE: Final = "https://www.googleapis.com/auth/cloud-platform"


@cache
def storage_client() -> Any:
    """A google.cloud.storage.Client."""
    from google.cloud import storage

    return storage.Client()


@cache
def bucket(name: str) -> Any:
    """A google.cloud.storage.Bucket; nobody checks whether it exists."""
    return storage_client().bucket(name)


@cache
def publisher() -> Any:
    """A google.cloud.pubsub_v1.PublisherClient that keeps the order of each key and sends at once."""
    from google.cloud import pubsub_v1

    return pubsub_v1.PublisherClient(
        batch_settings=pubsub_v1.types.BatchSettings(max_latency=0),
        publisher_options=pubsub_v1.types.PublisherOptions(enable_message_ordering=True),
    )


@cache
def subscriber() -> Any:
    """A google.cloud.pubsub_v1.SubscriberClient."""
    from google.cloud import pubsub_v1

    return pubsub_v1.SubscriberClient()


@cache
def session() -> Any:
    """A requests session whose calls carry an access token of the default credentials."""
    import google.auth
    from google.auth.transport.requests import AuthorizedSession

    credentials, _ = google.auth.default(scopes=[_SCOPE])
    return AuthorizedSession(credentials)  # type: ignore[no-untyped-call]


@cache
def plain_session() -> Any:
    """A requests session without credentials: for certificates, which are public, and the metadata server."""
    import requests

    return requests.Session()
