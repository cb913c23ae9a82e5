# SPDX-License-Identifier: Apache-2.0
"""A release's evidence leaves the house, signed, and a stranger checks it against the files in their hands."""

import base64
import hashlib
import json
import subprocess

import pytest

from federation.cli.files.signed import envelope, signer_of
from federation.core.digest import canonical

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


def test_an_older_releases_statements_do_not_stand_for_the_one_that_is_expected(federation, bundle, keys):
    newer = RELEASE.replace("1.0.1", "1.0.2")
    answer = federation("verify", bundle, "--key", keys / "public.pem", "--release", newer, "--json")
    assert (answer.code, answer.json["faults"]) == (10, [f"the statements are about {RELEASE}, not {newer}"])
    assert federation("verify", bundle, "--key", keys / "public.pem", "--release", RELEASE).code == 0


def test_one_array_is_told_to_come_as_lines(federation, played, keys, tmp_path):
    array = federation("attest", RELEASE, "--key", keys / "key.pem", "--folder", played, "--json").out
    (tmp_path / "array.json").write_text(array, "utf-8")
    assert "one statement per line" in federation("verify", tmp_path / "array.json", "--key", keys / "public.pem").err


def test_a_file_of_another_release_is_not(federation, bundle, keys, examples):
    answer = federation("verify", bundle, examples / "embedder/adapter_model.safetensors", "--key", keys / "public.pem")
    assert answer.code == 10
    assert answer.out.startswith(
        f"{RELEASE}: NOT verified. Attested by federation:spiralverse on 2026-11-19 08:00:00Z.\n"
    )
    assert "not one of the files that were tested" in answer.out


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
    assert answer.json["faults"] == ["1 statement missing that the summary lists"]


def test_a_statement_of_another_release_is_not_slipped_in(federation, bundle, keys, played):
    other = federation("attest", RELEASE.replace("1.0.1", "1.0.0"), "--key", keys / "key.pem", "--folder", played).out
    bundle.write_text(other.splitlines()[0] + "\n" + bundle.read_text("utf-8"), "utf-8")
    answer = federation("verify", bundle, "--key", keys / "public.pem", "--json")
    assert answer.json["faults"] == ["1 statement that the summary does not list"]


@pytest.fixture
def signed(keys):
    """Whatever else is signed with the same key."""
    return lambda statement: json.dumps(envelope(statement, signer_of(keys / "key.pem")))


@pytest.fixture
def untested(tmp_path):
    """A file that no gate has seen, and its subject."""
    (tmp_path / "untested.bin").write_bytes(b"untested")
    found = {"name": "untested.bin", "digest": {"sha256": hashlib.sha256(b"untested").hexdigest()}}
    return tmp_path / "untested.bin", found


def said(line):
    return json.loads(base64.b64decode(json.loads(line)["payload"]))


def sha256_of(statement):
    return {"sha256": hashlib.sha256(canonical(statement)).hexdigest()}


def test_a_file_that_the_same_key_signed_for_something_else_has_passed_no_gate(
    federation, bundle, keys, signed, untested
):
    path, subject = untested
    built = {"_type": "https://in-toto.io/Statement/v1", "predicateType": "https://slsa.dev/provenance/v1"}
    bundle.write_text(
        f"{bundle.read_text('utf-8')}{signed({**built, 'subject': [subject], 'predicate': {}})}\n", "utf-8"
    )
    answer = federation("verify", bundle, path, "--key", keys / "public.pem", "--json")
    assert answer.code == 10
    assert answer.json["faults"] == [
        "1 statement not about a gate that passed",
        "1 statement that the summary does not list",
    ]


def test_a_summary_that_says_passed_of_a_gate_that_failed_is_not_believed(federation, bundle, keys, signed):
    *results, summary = map(said, bundle.read_text("utf-8").splitlines())
    results[0]["predicate"]["result"] = "FAILED"
    summary["predicate"]["inputAttestations"] = [{"digest": sha256_of(one)} for one in results]
    bundle.write_text("\n".join(map(signed, (*results, summary))), "utf-8")
    answer = federation("verify", bundle, "--key", keys / "public.pem", "--json")
    assert answer.json["faults"] == ["1 statement not about a gate that passed"]


def test_a_summary_that_rests_on_nothing_vouches_for_nothing(federation, bundle, keys, signed, untested):
    path, subject = untested
    summary = said(bundle.read_text("utf-8").splitlines()[-1])
    summary["predicate"]["inputAttestations"] = []
    bundle.write_text(signed({**summary, "subject": [subject]}), "utf-8")
    answer = federation("verify", bundle, path, "--key", keys / "public.pem", "--json")
    assert (answer.code, answer.json["faults"]) == (10, ["the statements contain no gate results"])


def test_a_unit_of_very_many_files_can_be_verified(federation, bundle, keys, signed):
    first, *results, summary = map(said, bundle.read_text("utf-8").splitlines())
    first["subject"] = [
        {"name": f"spiralverse/embedder-v2/shards/{number}.safetensors", "digest": {"sha256": f"{number:064x}"}}
        for number in range(9_000)
    ]
    summary["predicate"]["inputAttestations"] = [{"digest": sha256_of(one)} for one in (first, *results)]
    bundle.write_text("\n".join(map(signed, (first, *results, summary))), "utf-8")
    assert federation("verify", bundle, "--key", keys / "public.pem").code == 0


@pytest.mark.parametrize(
    "payload", [b"[]", b"no JSON", b'{"a":' + b"[" * 9_000 + b"]" * 9_000 + b"}", b'{"a":1,"a":2}']
)
def test_what_is_signed_and_no_statement_is_a_fault_of_its_line(federation, bundle, keys, payload):
    from securesystemslib.dsse import Envelope

    made = Envelope(payload, "application/vnd.in-toto+json", {})
    made.sign(signer_of(keys / "key.pem"))
    bundle.write_text(json.dumps(made.to_dict()), "utf-8")
    answer = federation("verify", bundle, "--key", keys / "public.pem")
    assert (answer.code, "line 1 of" in answer.err) == (2, True)


def test_what_the_key_signed_as_something_else_than_a_statement_is_none_whatever_it_reads_like(
    federation, bundle, keys
):
    from securesystemslib.dsse import Envelope

    first, *rest = bundle.read_text("utf-8").splitlines()
    made = Envelope(base64.b64decode(json.loads(first)["payload"]), "text/plain", {})
    made.sign(signer_of(keys / "key.pem"))
    bundle.write_text("\n".join((json.dumps(made.to_dict()), *rest)), "utf-8")
    answer = federation("verify", bundle, "--key", keys / "public.pem")
    assert (answer.code, "holds 'text/plain', not application/vnd.in-toto+json" in answer.err) == (2, True)


@pytest.mark.parametrize("hint", [{}, {"keyid": ""}, {"keyid": "another tool's"}])
def test_a_key_id_is_a_hint_and_proves_nothing(federation, bundle, keys, hint):
    """https://github.com/secure-systems-lab/dsse/blob/master/protocol.md: it is optional and not authenticated."""
    written = [json.loads(line) for line in bundle.read_text("utf-8").splitlines()]
    for one in written:
        one["signatures"] = [{"sig": one["signatures"][0]["sig"], **hint}]
    bundle.write_text("\n".join(map(json.dumps, written)), "utf-8")
    assert federation("verify", bundle, "--key", keys / "public.pem").code == 0


def test_a_file_that_cannot_be_read_is_told_and_not_verified(federation, bundle, keys, tmp_path):
    for path in (tmp_path, tmp_path / "absent"):
        answer = federation("verify", bundle, path, "--key", keys / "public.pem")
        assert (answer.code, f"{path} cannot be read" in answer.err) == (3, True)


def test_a_key_of_another_kind_is_told_which_kinds_sign(federation, played, keys):
    openssl("genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:secp256k1", "-out", keys / "bitcoin.pem")
    assert "P-256" in federation("attest", RELEASE, "--key", keys / "bitcoin.pem", "--folder", played).err


def test_without_the_summary_nothing_is_said(federation, bundle, keys):
    bundle.write_text("\n".join(bundle.read_text("utf-8").splitlines()[:-1]), "utf-8")
    answer = federation("verify", bundle, "--key", keys / "public.pem")
    assert answer.code == 3
    assert "0 summaries" in answer.err


def test_without_a_key_the_statements_are_printed_as_they_are(federation, played):
    lines = [json.loads(line) for line in federation("attest", RELEASE, "--folder", played).out.splitlines()]
    assert {one["_type"] for one in lines} == {"https://in-toto.io/Statement/v1"}
    assert lines[-1]["predicate"]["verificationResult"] == "PASSED"


def test_a_short_name_will_do(federation, played):
    short = f"v{RELEASE.rpartition('-v')[2]}"
    assert federation("attest", short, "--folder", played).out == federation("attest", RELEASE, "--folder", played).out


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
