# SPDX-License-Identifier: Apache-2.0
"""What a platform may put into a folder instead of a file: none of it keeps a step waiting, or breaks it."""

import os

import pytest

from federation.errors import ContractError, MissingError, ServiceError
from federation.local.artifacts import LocalArtifacts


@pytest.fixture
def bucket(tmp_path):
    folder = tmp_path / "clouds/s3/acme-models"
    folder.mkdir(parents=True)
    return folder


@pytest.fixture
def artifacts(tmp_path, bucket):
    return LocalArtifacts(tmp_path / "clouds", (tmp_path / "jobs",))


def looks(artifacts, uri):
    return (lambda: artifacts.read(uri, 10), lambda: artifacts.observe(uri))


def test_a_pipe_that_nobody_writes_to_is_not_waited_for(artifacts, bucket):
    os.mkfifo(bucket / "model.bin")
    for look in looks(artifacts, "s3://acme-models/model.bin"):
        with pytest.raises(ServiceError, match="a pipe, a device or the like"):
            look()


def test_a_name_that_no_disk_takes_names_nothing(artifacts):
    for look in looks(artifacts, f"s3://acme-models/{'n' * 400}"):
        with pytest.raises(MissingError, match="there is nothing at"):
            look()


def test_a_link_to_itself_leads_nowhere(artifacts, bucket):
    (bucket / "model.bin").symlink_to("model.bin")
    for look in looks(artifacts, "s3://acme-models/model.bin"):
        with pytest.raises((ContractError, MissingError), match=r"does not name a file|there is nothing at"):
            look()


def test_a_link_out_of_the_folder_is_not_followed(artifacts, bucket):
    (bucket / "model.bin").symlink_to("/etc/passwd")
    for look in looks(artifacts, "s3://acme-models/model.bin"):
        with pytest.raises(ContractError, match="outside the folders"):
            look()


@pytest.mark.parametrize("uri", ["s3://acme-models/a\0b", "s3://acme-models/\ud800", "file:///jobs/%00", "file://[::1"])
def test_what_no_path_can_be_is_refused_with_its_name(artifacts, uri):
    for look in looks(artifacts, uri):
        with pytest.raises(ContractError, match="does not name a file on this machine") as refused:
            look()
        assert ascii(uri) in str(refused.value)


def test_whoever_stands_in_a_folder_that_was_removed_still_reads_a_home_elsewhere(tmp_path, bucket, monkeypatch):
    (bucket / "model.bin").write_bytes(b"weights")
    gone = tmp_path / "deployed last week"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    artifacts = LocalArtifacts(tmp_path / "clouds", (tmp_path / "jobs",))
    assert artifacts.read("s3://acme-models/model.bin", 10) == b"weights"
