# SPDX-License-Identifier: Apache-2.0
"""Where is an artifact stored, and is that place allowed?

The bucket is compared as a whole, never by prefix. A key that a file system, a shell or a second decoder could interpret
differently from the store is refused. SageMaker allows https URLs of S3 (API_ModelArtifacts:
`^(https|s3)://([^/]+)/?(.*)$`); these come out as `s3://bucket/key`.
"""

import re
from typing import Any, Final
from urllib.parse import unquote

from federation.sources.reading import UnreadableError, quoted
from federation.sources.trust import Trust

_MAX_URI: Final = 1024
_UNSAFE: Final = r"[\x00-\x1f\x7f-\x9f\u2028\u2029\\?#]|%[0-9A-Fa-f]{2}|//|(?:^|/)\.{1,2}(?:/|$)|^/"
SUFFIXES: Final = {
    "aws": "amazonaws.com",
    "aws-us-gov": "amazonaws.com",
    "aws-cn": "amazonaws.com.cn",
    "aws-iso": "c2s.ic.gov",
    "aws-iso-b": "sc2s.sgov.gov",
    "aws-iso-e": "cloud.adc-e.uk",
    "aws-iso-f": "csp.hci.ic.gov",
    "aws-eusc": "amazonaws.eu",
}
"""The endings of AWS's host names, by partition."""
_REGION: Final = r"[a-z]{2,4}(?:-[a-z]+)+-\d"
_HOST: Final = rf"(?:(?P<bucket>[a-z0-9][a-z0-9.-]{{1,61}}[a-z0-9])\.)?s3(?:-fips)?(?:[.-](?:dualstack\.)?{_REGION})?\."


def s3_artifact(uri: Any, trust: Trust, partition: str) -> str:
    """The `s3://bucket/key` that a model artifact's URL names.

    Args:
        uri: `s3://bucket/key`, or an https URL of S3 in virtual-host or path style.
        trust: Which buckets are ours.
        partition: The partition of the ARN that came with the URL; it determines the hosts.

    Raises:
        UnreadableError: `artifact_uri_unreadable`, `artifact_host_not_allowed`, `artifact_bucket_not_allowed` or
            `artifact_key_unsafe`.
    """
    bucket, key = s3_place(uri, partition)
    allowed_bucket(bucket, trust.s3_buckets)
    if not key:
        raise UnreadableError(
            "artifact_uri_unreadable",
            f"The artifact's URI names bucket {quoted(bucket)}, but no key in it. Name the object or folder, too.",
        )
    return f"s3://{bucket}/{safe_key(key)}"


def s3_place(uri: Any, partition: str) -> tuple[str, str]:
    """The bucket and key that a model artifact's URL names, without a check of the bucket's owner.

    Raises:
        UnreadableError: `artifact_uri_unreadable` or `artifact_host_not_allowed`.
    """
    if not isinstance(uri, str) or len(uri) > _MAX_URI:
        raise UnreadableError(
            "artifact_uri_unreadable",
            f"The artifact's URI is {quoted(uri)}; it must be text of at most 1024 characters.",
        )
    scheme, separator, rest = uri.partition("://")
    if separator and scheme == "https":
        return _from_https(rest, partition)
    if not separator or scheme != "s3":
        raise UnreadableError(
            "artifact_uri_unreadable", f"The artifact's URI is {quoted(uri)}; it must begin with s3:// or https://."
        )
    bucket, _, key = rest.partition("/")
    return bucket, key


def allowed_bucket(bucket: Any, buckets: frozenset[str]) -> str:
    """`bucket` if it is exactly one of ours.

    Raises:
        UnreadableError: `artifact_bucket_not_allowed`.
    """
    if not isinstance(bucket, str) or bucket not in buckets:
        raise UnreadableError(
            "artifact_bucket_not_allowed",
            f"The bucket is {quoted(bucket)}, which is not trusted. "
            "If it is yours, add it to s3_buckets or gcs_buckets of the trust document.",
        )
    return bucket


def safe_key(key: Any) -> str:
    """`key` if every client interprets it in the same way.

    Raises:
        UnreadableError: `artifact_key_unsafe` for `.` or `..` segments, `//`, control characters, backslashes, `?`, `#`
            and percent escapes.
    """
    if not isinstance(key, str) or not key or len(key.encode()) > _MAX_URI or re.search(_UNSAFE, key):
        raise UnreadableError(
            "artifact_key_unsafe",
            f"The key is {quoted(key)}; one that is empty, too long or ambiguous is refused, as with .., //, \\, ?, # or "
            "percent escapes. Rename the object.",
        )
    return key


def folder_of_sentinel(key: str, sentinel: str | None) -> str | None:
    """The folder, with its slash, that a sentinel object completes; None if `key` is not a sentinel's."""
    folder, slash, name = key.rpartition("/")
    return f"{folder}{slash}" if sentinel is not None and name == sentinel else None


def _from_https(rest: str, partition: str) -> tuple[str, str]:
    """The bucket and key of an https URL, whose path is percent-encoded once."""
    host, _, path = rest.partition("/")
    suffix = SUFFIXES.get(partition)
    match = re.fullmatch(_HOST + re.escape(suffix), host) if suffix else None
    if match is None:
        raise UnreadableError(
            "artifact_host_not_allowed",
            f"The artifact's URL is on {quoted(host)}, not a host of S3 in partition {partition}. "
            "Write s3://BUCKET/KEY.",
        )
    if "?" in path or "#" in path:
        raise UnreadableError(
            "artifact_uri_unreadable", "The artifact's URL has a query (?) or a fragment (#). Write it without."
        )
    if match["bucket"]:
        return match["bucket"], _unquoted(path)
    bucket, _, key = path.partition("/")
    return bucket, _unquoted(key)


def _unquoted(path: str) -> str:
    try:
        return unquote(path, errors="strict")
    except UnicodeDecodeError as error:
        raise UnreadableError(
            "artifact_uri_unreadable",
            "The percent escapes in the artifact's URL are not UTF-8. Write s3://BUCKET/KEY instead.",
        ) from error
