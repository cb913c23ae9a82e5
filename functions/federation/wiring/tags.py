# SPDX-License-Identifier: Apache-2.0
"""The tags of everything that this home creates: FEDERATION_TAGS, in each platform's form.

Tags only say who pays and who is responsible. No decision, document, name or digest depends on them.
"""

import re
from collections.abc import Mapping
from typing import Final

import msgspec

from federation.errors import SettingsError
from federation.settings import Settings

_OWN_KEY: Final = re.compile("federation[:_]", re.IGNORECASE)
"""The beginning of keys that adapters set, and by which they find jobs and endpoints."""
_NOT_ON_AZURE: Final = re.compile(r"[<>%&\\?/]")
"""https://learn.microsoft.com/azure/azure-resource-manager/management/tag-resources#limitations"""
_NOT_IN_LABEL: Final = re.compile("[^a-z0-9_-]")
_RESERVED: Final = re.compile("goog.*|name|controller-uid|job-name")
"""Labels that Google, the Hub's client or Kubernetes reserve."""
_LONGEST: Final = 63


def tags_of(settings: Settings) -> Mapping[str, str]:
    """The tags unchanged, as AWS takes them.

    Raises:
        SettingsError: A value is not text, or Federation itself sets one of the keys.
    """
    try:
        tags = msgspec.convert(settings.tags, dict[str, str])
    except msgspec.ValidationError as error:
        raise SettingsError(f"FEDERATION_TAGS cannot be used: {error}") from error
    if ours := ", ".join(filter(_OWN_KEY.match, tags)):
        raise SettingsError(f"FEDERATION_TAGS cannot be used: Federation itself sets {ours}; take another key")
    return tags


def azure_tags_of(settings: Settings) -> Mapping[str, str]:
    """The tags for Azure. An underscore replaces each character of a key that Azure does not accept."""
    return {_NOT_ON_AZURE.sub("_", key): value for key, value in tags_of(settings).items()}


def labels_of(settings: Settings) -> Mapping[str, str]:
    """The tags as labels that Google Cloud, Kubernetes and the Hub all accept.

    They are in lower case, with an underscore for each character except letters, digits, underscores and hyphens. They
    have at most 63 characters, without underscores and hyphens at either end. A key that does not begin with a letter
    or that a platform reserves gets the prefix `tag_`.
    https://cloud.google.com/resource-manager/docs/labels-overview#requirements
    https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#syntax-and-character-set
    """
    return {_key(key): _label(value) for key, value in tags_of(settings).items()}


def _key(text: str) -> str:
    label = _label(text)
    return label if label[:1].isalpha() and not _RESERVED.fullmatch(label) else _label(f"tag_{label}")


def _label(text: str) -> str:
    return _NOT_IN_LABEL.sub("_", text.lower()).strip("_-")[:_LONGEST].rstrip("_-")
