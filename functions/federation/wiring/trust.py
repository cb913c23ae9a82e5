# SPDX-License-Identifier: Apache-2.0
"""How do the door's secrets come into it? By reference, read once by the process that needs them."""

from collections.abc import Callable, Mapping
from typing import Any

from federation.errors import SettingsError
from federation.sources import Trust

ReadSecret = Callable[[str], str]


def trust_of(document: Mapping[str, Any], read_secret: ReadSecret) -> Trust:
    """The trust that FEDERATION_TRUST states.

    Args:
        document: As docs/sources.md describes it; a value `{"secret": reference}` stands for the secret's text.
        read_secret: Reads a secret by its reference.

    Raises:
        ContractError: With every key that is not of its type.
        SettingsError: A reference is not a text.
    """
    return Trust.read({key: secret_in(value, read_secret, key) for key, value in document.items()})


def secret_in(value: Any, read_secret: ReadSecret, what: str) -> Any:
    """The value, or the secret that it refers to."""
    if not _is_reference(value):
        return value
    if not isinstance(value["secret"], str):
        raise SettingsError(f"{what}: a secret is referred to by a text, as in {{'secret': 'arn:...'}}")
    return read_secret(value["secret"])


def trust_without_secrets(document: Mapping[str, Any]) -> Trust:
    """The trust without its secrets, for a function that has no door: accounts, buckets, owners, projects."""
    return Trust.read({key: value for key, value in document.items() if not _is_reference(value)})


def _is_reference(value: Any) -> bool:
    return isinstance(value, Mapping) and set(value) == {"secret"}
