# SPDX-License-Identifier: Apache-2.0
"""Reads the trust document and the secrets that it refers to. `receive` does so again every five minutes."""

import logging
from collections.abc import Callable, Mapping
from typing import Any

from federation.errors import MissingError, SettingsError
from federation.sources import Trust

log = logging.getLogger("federation")

ReadSecret = Callable[[str], str]
"""Returns a secret's text by its reference."""


def trust_of(document: Mapping[str, Any], read_secret: ReadSecret) -> Trust:
    """The trust in FEDERATION_TRUST, with its secrets read.

    A secret without a usable value is left out, so only the senders that show it are refused.

    Args:
        document: The document of docs/sources.md. A value `{"secret": reference}` stands for the secret's text.
        read_secret: Reads a secret by its reference.

    Raises:
        ContractError: With every key that is not of its type.
        SettingsError: A reference is not text.
    """
    return Trust.read(
        {key: text for key, value in document.items() if (text := _usable_value(key, value, read_secret)) is not None}
    )


def _usable_value(key: str, value: Any, read_secret: ReadSecret) -> Any | None:
    try:
        text = _resolved(value, read_secret, key)
    except MissingError as missing:
        log.warning("trust: %s has no value, so senders that show it are refused: %s", key, missing)
        return None
    if _is_reference(value) and not (text.isascii() and text.strip()):
        log.warning("trust: the secret of %s is empty or not ASCII, so senders that show it are refused", key)
        return None
    return text.rstrip("\r\n") if _is_reference(value) else text  # a header has no line break at its end, as a file may


def _resolved(value: Any, read_secret: ReadSecret, what: str) -> Any:
    """The value, or the secret that it refers to."""
    if not _is_reference(value):
        return value
    if not isinstance(value["secret"], str):
        raise SettingsError(f"{what}: a reference to a secret must be text, as in {{'secret': 'arn:...'}}")
    return read_secret(value["secret"])


def trust_showing(document: Mapping[str, Any], shown: str | None, read_secret: ReadSecret) -> Trust:
    """The trust with only the secret that this sender shows, so no other secret can delay its delivery.

    Args:
        document: As for `trust_of`.
        shown: The key of that secret; None if the sender shows none.
        read_secret: Reads a secret by its reference.
    """
    return trust_of(
        {key: value for key, value in document.items() if key == shown or not _is_reference(value)}, read_secret
    )


def trust_without_secrets(document: Mapping[str, Any]) -> Trust:
    """The trust without secrets, for functions that no outsider calls: accounts, buckets, owners, projects."""
    return Trust.read({key: value for key, value in document.items() if not _is_reference(value)})


def _is_reference(value: Any) -> bool:
    return isinstance(value, Mapping) and set(value) == {"secret"}
