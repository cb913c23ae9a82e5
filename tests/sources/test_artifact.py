# SPDX-License-Identifier: Apache-2.0
"""Which URLs name an artifact in a bucket of ours?"""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from federation.sources.artifact import folder_of_sentinel, s3_artifact
from federation.sources.reading import UnreadableError
from federation.sources.trust import Trust

OURS = Trust(s3_buckets=frozenset({"ours", "ours.dotted"}))


@pytest.mark.parametrize(
    ("partition", "url", "artifact"),
    [
        ("aws", "s3://ours/a/b.tar.gz", "s3://ours/a/b.tar.gz"),
        ("aws", "s3://ours/a/", "s3://ours/a/"),
        ("aws", "s3://ours/a b+c/é.bin", "s3://ours/a b+c/é.bin"),
        ("aws", "https://ours.s3.amazonaws.com/a", "s3://ours/a"),
        ("aws", "https://ours.dotted.s3.eu-west-1.amazonaws.com/a", "s3://ours.dotted/a"),
        ("aws", "https://ours.s3-us-west-2.amazonaws.com/a", "s3://ours/a"),
        ("aws", "https://ours.s3.dualstack.eu-west-1.amazonaws.com/a%20b", "s3://ours/a b"),
        ("aws", "https://s3.eu-west-1.amazonaws.com/ours/a/b", "s3://ours/a/b"),
        ("aws", "https://s3.amazonaws.com/ours/a", "s3://ours/a"),
        ("aws-us-gov", "https://ours.s3-fips.us-gov-west-1.amazonaws.com/a", "s3://ours/a"),
        ("aws-cn", "https://ours.s3.cn-north-1.amazonaws.com.cn/a", "s3://ours/a"),
    ],
)
def test_every_style_of_url_names_one_bucket_and_key(partition: str, url: str, artifact: str):
    assert s3_artifact(url, OURS, partition) == artifact


@pytest.mark.parametrize(
    ("url", "error"),
    [
        ("s3://theirs/a", "artifact_bucket_not_allowed"),
        ("s3://ours.attacker/models/../x", "artifact_bucket_not_allowed"),
        ("s3://user@ours/a", "artifact_bucket_not_allowed"),
        ("s3://ours:443/a", "artifact_bucket_not_allowed"),
        ("s3:///ours/a", "artifact_bucket_not_allowed"),
        ("s3://OURS/a", "artifact_bucket_not_allowed"),
        ("s3://ours", "artifact_uri_unreadable"),
        ("s3://ours/", "artifact_uri_unreadable"),
        ("S3://ours/a", "artifact_uri_unreadable"),
        ("gs://ours/a", "artifact_uri_unreadable"),
        ("file:///etc/passwd", "artifact_uri_unreadable"),
        ("http://ours.s3.amazonaws.com/a", "artifact_uri_unreadable"),
        ("ours/a", "artifact_uri_unreadable"),
        ("s3://ours/" + "a" * 2000, "artifact_uri_unreadable"),
        (["s3://ours/a"], "artifact_uri_unreadable"),
        ("https://ours.s3.amazonaws.com/a?versionId=1", "artifact_uri_unreadable"),
        ("https://ours.s3.amazonaws.com/%ff", "artifact_uri_unreadable"),
        ("https://ours.s3.amazonaws.com.attacker.example/a", "artifact_host_not_allowed"),
        ("https://ours.s3.cn-north-1.amazonaws.com.cn/a", "artifact_host_not_allowed"),
        ("https://ours.s3.amazonaws.com@attacker.example/a", "artifact_host_not_allowed"),
        ("https://ours.s3.amazonaws.com:8443/a", "artifact_host_not_allowed"),
        ("https://evil.example/ours/a", "artifact_host_not_allowed"),
        ("https://s3.amazonaws.com/theirs/a", "artifact_bucket_not_allowed"),
        ("https://ours.s3.amazonaws.com/%2e%2e/a", "artifact_key_unsafe"),
        ("https://ours.s3.amazonaws.com/a%252fb", "artifact_key_unsafe"),
        ("s3://ours/a/../b", "artifact_key_unsafe"),
        ("s3://ours/./b", "artifact_key_unsafe"),
        ("s3://ours/..", "artifact_key_unsafe"),
        ("s3://ours//b", "artifact_key_unsafe"),
        ("s3://ours/a//b", "artifact_key_unsafe"),
        ("s3://ours/a\\b", "artifact_key_unsafe"),
        ("s3://ours/a\nb", "artifact_key_unsafe"),
        ("s3://ours/a%2e%2e", "artifact_key_unsafe"),
        ("s3://ours/a#b", "artifact_key_unsafe"),
    ],
)
def test_whatever_could_be_read_otherwise_is_refused_by_name(url: object, error: str):
    with pytest.raises(UnreadableError) as caught:
        s3_artifact(url, OURS, "aws")
    assert caught.value.error == error


@given(st.text(alphabet="ours3.ta/%2e\\:@-#?", max_size=30).map("{}".format), st.sampled_from(["s3://", "https://"]))
def test_whatever_is_read_lies_in_our_bucket_and_below_its_folder(rest: str, scheme: str):
    try:
        artifact = s3_artifact(scheme + rest, OURS, "aws")
    except UnreadableError:
        return
    bucket, _, key = artifact.removeprefix("s3://").partition("/")
    assert bucket in OURS.s3_buckets
    assert key
    assert not {"", ".", ".."} & set(key.removesuffix("/").split("/"))


def test_only_the_sentinel_itself_closes_a_folder():
    assert folder_of_sentinel("out/_MANIFEST.json", "_MANIFEST.json") == "out/"
    assert folder_of_sentinel("_MANIFEST.json", "_MANIFEST.json") == ""
    assert folder_of_sentinel("out/x_MANIFEST.json", "_MANIFEST.json") is None
    assert folder_of_sentinel("out/_MANIFEST.json", None) is None
