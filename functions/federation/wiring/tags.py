# SPDX-License-Identifier: Apache-2.0
"""Which tags does everything carry that this home creates? FEDERATION_TAGS, in the form that each platform takes.

They only say who pays and who is responsible, so no decision, document, name or digest depends on them.
"""

import re
from collections.abc import Mapping
from typing import Final

import msgspec

from federation.errors import SettingsError
from federation.settings import Settings

_OURS: Final = re.compile("federation[:_]", re.IGNORECASE)
"""Begins the keys that adapters set themselves, and find jobs and endpoints by."""
_NOT_ON_AZURE: Final = re.compile(r"[<>%&\\?/]")
"""https://learn.microsoft.com/azure/azure-resource-manager/management/tag-resources#limitations"""
_NO_LABEL: Final = re.compile("[^a-z0-9_-]")
_TAKEN: Final = re.compile("goog.*|name|controller-uid|job-name")
"""Labels that Google, the Hub's client and Kubernetes keep for themselves."""
_LONGEST: Final = 63


def tags_of(settings: Settings) -> Mapping[str, str]:
    """The tags as they are stated, which is how AWS takes them.

    Raises:
        SettingsError: A value is not text, or a key is one of those that Federation sets itself.
    """
    try:
        tags = msgspec.convert(settings.tags, dict[str, str])
    except msgspec.ValidationError as error:
        raise SettingsError(f"FEDERATION_TAGS cannot be used: {error}") from error
    if ours := ", ".join(filter(_OURS.match, tags)):
        raise SettingsError(f"FEDERATION_TAGS cannot be used: Federation itself sets {ours}; take another key")
    return tags


def azure_tags_of(settings: Settings) -> Mapping[str, str]:
    """The tags for Azure: in a key, each character that it does not take is replaced by an underscore."""
    return {_NOT_ON_AZURE.sub("_", key): value for key, value in tags_of(settings).items()}


def labels_of(settings: Settings) -> Mapping[str, str]:
    """The tags as labels, in a form that Google Cloud, Kubernetes and the Hub all take.

    Lower case; an underscore for each character but letters, digits, underscores and hyphens; the first 63 of them,
    without underscores and hyphens at either end. A key that then does not begin with a letter, or is one of those that
    a platform sets itself, gets `tag_` before it.
    https://cloud.google.com/resource-manager/docs/labels-overview#requirements
    https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#syntax-and-character-set
    """
    return {_key(key): _label(value) for key, value in tags_of(settings).items()}


def _key(text: str) -> str:
    label = _label(text)
    return label if label[:1].isalpha() and not _TAKEN.fullmatch(label) else _label(f"tag_{label}")


def _label(text: str) -> str:
    return _NO_LABEL.sub("_", text.lower()).strip("_-")[:_LONGEST].rstrip("_-")
