# SPDX-License-Identifier: Apache-2.0
"""A release's evidence leaves the house, signed, and a stranger checks it against the files in their hands."""

import json
import subprocess

import pytest

RELEASE = "spiralverse-ai-federated-v1.0.1"
SHIPPED = "later/embedder/adapter_model.safetensors"


@pytest.fixture(scope="module")
def keys(tmp_path_factory):
    """A key and its public half, as openssl writes them."""
    folder = tmp_path_factory.mktemp("keys")
    openssl("genpkey", "-algorithm", "ed25519", "-out", folder / "key.pem")
    openssl("pkey", "-in", folder / "key.pem", "-pubout", "-out", folder / "public.pem")
    return folder


def openssl(*arguments):
    subprocess.run(["openssl", *map(str, arguments)], check=True, capture_output=True)


@pytest.fixture
def bundle(federation, played, keys, tmp_path):
    """What the release's home printed, signed."""
    path = tmp_path / "bundle.jsonl"
    path.write_text(federation("attest", RELEASE, "--key", keys / "key.pem", "--folder", played).out, "utf-8")
    return path


def test_a_stranger_checks_a_file_without_a_home(federation, bundle, keys, examples, monkeypatch):
    monkeypatch.delenv("FEDERATION_FOLDER", raising=False)
    answer = federation("verify", bundle, examples / SHIPPED, "--key", keys / "public.pem", "--json")
    assert answer.code == 0
    assert answer.json["verified"]
    assert answer.json["release"] == RELEASE
    assert answer.json["verifier"] == "federation:spiralverse"
    assert "spiralverse/embedder-v2/embedder/adapter_model.safetensors" in answer.json["files"].values()


def test_a_carried_units_files_are_vouched_for_too(federation, bundle, keys, examples):
    carried = examples / "policy-adapter/adapter_model.safetensors"
    assert federation("verify", bundle, carried, "--key", keys / "public.pem").code == 0


def test_a_file_of_another_release_is_not(federation, bundle, keys, examples):
    answer = federation("verify", bundle, examples / "embedder/adapter_model.safetensors", "--key", keys / "public.pem")
    assert answer.code == 10
    assert "NOT verified" in answer.out
    assert "none of the files that were judged" in answer.out


def test_another_ones_key_verifies_nothing(federation, bundle, keys, tmp_path):
    openssl("genpkey", "-algorithm", "ed25519", "-out", tmp_path / "other.pem")
    openssl("pkey", "-in", tmp_path / "other.pem", "-pubout", "-out", tmp_path / "others.pem")
    answer = federation("verify", bundle, "--key", tmp_path / "others.pem")
    assert answer.code == 2
    assert "was not signed with this key" in answer.err


def test_one_changed_byte_of_a_statement_breaks_its_signature(federation, bundle, keys):
    first, *rest = bundle.read_text("utf-8").splitlines()
    written = json.loads(first)
    written["payload"] = f"A{written['payload'][1:]}"
    bundle.write_text("\n".join((json.dumps(written), *rest)), "utf-8")
    assert "changed since" in federation("verify", bundle, "--key", keys / "public.pem").err


def test_a_statement_that_is_held_back_is_missed(federation, bundle, keys):
    bundle.write_text("\n".join(bundle.read_text("utf-8").splitlines()[1:]), "utf-8")
    answer = federation("verify", bundle, "--key", keys / "public.pem", "--json")
    assert answer.code == 10
    assert answer.json["faults"] == ["1 statement that the summary rests on, missing here"]


def test_a_statement_of_another_release_is_not_slipped_in(federation, bundle, keys, played):
    other = federation("attest", RELEASE.replace("1.0.1", "1.0.0"), "--key", keys / "key.pem", "--folder", played).out
    bundle.write_text(other.splitlines()[0] + "\n" + bundle.read_text("utf-8"), "utf-8")
    answer = federation("verify", bundle, "--key", keys / "public.pem", "--json")
    assert answer.json["faults"] == ["1 statement that the summary does not rest on"]


def test_without_the_summary_nothing_is_said(federation, bundle, keys):
    bundle.write_text("\n".join(bundle.read_text("utf-8").splitlines()[:-1]), "utf-8")
    answer = federation("verify", bundle, "--key", keys / "public.pem")
    assert answer.code == 3
    assert "0 summaries" in answer.err


def test_without_a_key_the_statements_are_printed_as_they_are(federation, played):
    lines = [json.loads(line) for line in federation("attest", RELEASE, "--folder", played).out.splitlines()]
    assert {one["_type"] for one in lines} == {"https://in-toto.io/Statement/v1"}
    assert lines[-1]["predicate"]["verificationResult"] == "PASSED"


def test_statements_that_nobody_signed_are_not_verified(federation, played, keys, tmp_path):
    (tmp_path / "plain.jsonl").write_text(federation("attest", RELEASE, "--folder", played).out, "utf-8")
    answer = federation("verify", tmp_path / "plain.jsonl", "--key", keys / "public.pem")
    assert answer.code == 2
    assert "is no signed statement" in answer.err


@pytest.mark.parametrize(("given", "said"), [("public.pem", "openssl genpkey"), ("locked.pem", "unlock it")])
def test_what_is_no_key_to_sign_with_is_told_with_the_way_to_one(federation, played, keys, given, said):
    if given == "locked.pem":
        openssl("pkey", "-in", keys / "key.pem", "-aes256", "-passout", "pass:word", "-out", keys / given)
    answer = federation("attest", RELEASE, "--key", keys / given, "--folder", played)
    assert (answer.code, said in answer.err) == (2, True)


def test_a_release_that_is_not_there_has_no_evidence(federation, played):
    answer = federation("attest", "spiralverse-ai-federated-v9.9.9", "--folder", played)
    assert answer.code == 3
    assert "federation releases" in answer.err
