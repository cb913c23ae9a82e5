# SPDX-License-Identifier: Apache-2.0
"""Three manifests and a policy make a release, or every reason why not; and nothing else is touched."""

import json
import os
import shutil
import threading
from pathlib import Path

import pytest

from federation import offline
from federation.core import contract
from federation.core.digest import digest
from federation.errors import ContractError, MissingError, ServiceError
from federation.local.trainer import LocalTrainer

EXAMPLES = Path(__file__).resolve().parents[1] / "training/examples"
POLICY = EXAMPLES / "policy.json"
PLATFORMS = ("hf", "gcp", "aws")


def manifests(folder):
    return {platform: folder / f"{platform}_manifest.json" for platform in PLATFORMS}


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    return tmp_path_factory.mktemp("fused")


@pytest.fixture(scope="module")
def first(place):
    """The release of the first manifests, written where it serves as a baseline."""
    fused = offline.fuse(manifests(EXAMPLES), POLICY, place / "first.json")
    offline.write(fused.release, place / "first.json")
    return fused


@pytest.fixture(scope="module")
def second(place, first):
    """The release of the later manifests on that baseline."""
    return offline.fuse(manifests(EXAMPLES / "later"), POLICY, place / "second.json", place / "first.json")


def bent(folder, name, change):
    """A copy of one document with something changed."""
    document = json.loads((EXAMPLES / name).read_text("utf-8"))
    change(document)
    path = folder / name
    path.write_text(json.dumps(document), "utf-8")
    return path


def test_the_first_manifests_make_the_first_release(first):
    assert first.refusals == ()
    assert first.release["name"] == "spiralverse-ai-federated-v1.0.0"
    assert [report["verdict"] for report in first.reports] == ["pass"] * 6
    contract.check("release.v1", first.release)
    for report in first.reports:
        contract.check("report.v1", report)


def test_a_policy_that_says_whence_each_platform_ships_says_nothing_of_files_given_by_hand(tmp_path, place, first):
    origins = {"hf": ["hf://models/spiralverse/"], "aws": ["s3://models/"], "gcp": ["gs://models/"]}
    policy = bent(tmp_path, "policy.json", lambda found: found.update(origins=origins))
    fused = offline.fuse(manifests(EXAMPLES), policy, tmp_path / "out.json")
    assert fused.refusals == ()
    assert fused.release["name"] == first.release["name"]


def test_a_release_that_asks_for_a_distillation_starts_no_job_on_the_machine_of_whoever_fuses(tmp_path, monkeypatch):
    started = []
    monkeypatch.setattr(LocalTrainer, "launch", lambda _self, name, _job: started.append(name))
    job = {"platform": "aws", "image": "distil", "arguments": [], "after_rollback": False}
    slow = {"distillation": {"kind": "runtime-distilled", "p95_ms": "0.001"}, "jobs": {"runtime-distilled": job}}
    policy = bent(tmp_path, "policy.json", lambda found: found.update(slow))
    fused = offline.fuse(manifests(EXAMPLES), policy, tmp_path / "out.json")
    assert fused.release["distillation"]["kind"] == "runtime-distilled"
    assert started == []


def test_the_later_ones_are_a_patch_that_carries_what_was_refused(first, second):
    units = second.release["units"]
    assert second.release["name"] == "spiralverse-ai-federated-v1.0.1"
    assert second.release["baseline"] == {"name": first.release["name"], "digest": digest(first.release)}
    assert {kind for kind, unit in units.items() if unit["origin"] == "carried"} == {
        "policy-adapter",
        "inference-benchmark",
    }
    assert units["policy-adapter"]["name"] == "spiralverse/policy-adapter-v1"
    assert units["policy-adapter"]["artifact"] == first.release["units"]["policy-adapter"]["artifact"]
    contract.check("release.v1", second.release)


def test_a_carried_unit_can_be_found_from_where_the_new_release_lies(place, second):
    for unit in second.release["units"].values():
        assert Path(os.path.normpath(place / unit["manifest"])).is_file()  # the folder need not be there yet
        folder = Path(os.path.normpath(place / unit["uri"]))
        assert all((folder / file["path"]).is_file() for file in unit["files"])


@pytest.mark.parametrize("elsewhere", ["deeper/still", "..", "."])
def test_where_the_new_release_is_written_changes_where_its_units_are_seen_from_and_nothing_else(
    place, second, elsewhere
):
    folder = place / elsewhere
    fused = offline.fuse(manifests(EXAMPLES / "later"), POLICY, folder / "second.json", place / "first.json")
    assert all(unit["uri"].endswith("/") for unit in fused.release["units"].values())
    test_a_carried_unit_can_be_found_from_where_the_new_release_lies(folder, fused)
    nowhere = {"uri": "", "manifest": ""}
    there, here = (
        {**one.release, "units": {kind: {**unit, **nowhere} for kind, unit in one.release["units"].items()}}
        for one in (fused, second)
    )
    assert there == here


def test_a_place_on_this_machine_stays_what_it_is_wherever_the_new_release_is_written(tmp_path, first, second):
    place = EXAMPLES.as_uri()
    published = json.loads(json.dumps(first.release))
    for unit in published["units"].values():
        unit.update(uri=f"{place}/", manifest=f"{place}/{unit['manifest'].rpartition('/')[2]}")
    (tmp_path / "published").mkdir()
    offline.write(published, tmp_path / "published/manifest.json")
    later, output = manifests(EXAMPLES / "later"), tmp_path / "second.json"
    fused = offline.fuse(later, POLICY, output, tmp_path / "published/manifest.json")
    carried = [unit for unit in fused.release["units"].values() if unit["origin"] == "carried"]
    assert carried
    assert {unit["uri"] for unit in carried} == {f"{place}/"}
    expected = {kind: unit["digest"] for kind, unit in second.release["units"].items()}
    assert {kind: unit["digest"] for kind, unit in fused.release["units"].items()} == expected


def test_every_refusal_on_the_way_says_what_and_why(second):
    told = {refusal.subject: refusal.why for refusal in second.refusals}
    assert set(told) == {"spiralverse/policy-adapter-v2", "spiralverse/inference-benchmark-v2"}
    assert "accuracy fell by" in told["spiralverse/policy-adapter-v2"]
    assert "suite adversarial" in told["spiralverse/policy-adapter-v2"]
    assert "at least 59 are needed" in told["spiralverse/inference-benchmark-v2"]


def test_only_the_reports_on_this_basis_are_told(first, second):
    assert len(second.reports) == 6
    assert {report["basis"]["baseline"] for report in second.reports} == {digest(first.release)}


def test_a_swapped_embedder_is_left_out_until_the_thresholds_are_measured_again(tmp_path, place, first):
    """The new embedder has the dimension of the old one; the thresholds are the old ones'."""
    shutil.copytree(EXAMPLES / "later", tmp_path / "later")
    path = tmp_path / "later/gcp_manifest.json"
    document = json.loads(path.read_text("utf-8"))
    document["units"] = [unit for unit in document["units"] if unit["kind"] == "embedder"]
    path.write_text(json.dumps(document), "utf-8")
    fused = offline.fuse(manifests(tmp_path / "later"), POLICY, tmp_path / "out.json", place / "first.json")
    assert fused.release["units"]["embedder"]["name"] == "spiralverse/embedder-v1"
    (why,) = [refusal.why for refusal in fused.refusals if refusal.subject == "spiralverse/embedder-v2"]
    assert why.startswith("spiralverse/retrieval-eval-v1 states thresholds for embedder sha256:")
    assert why.endswith("measure them again with that one")


def test_a_tampered_file_is_refused_by_its_hash(tmp_path):
    shutil.copytree(EXAMPLES, tmp_path / "examples", ignore=shutil.ignore_patterns("later"))
    adapter = tmp_path / "examples/textgen-lora/adapter_model.safetensors"
    adapter.write_bytes(adapter.read_bytes()[::-1])
    judged = offline.judge(tmp_path / "examples/hf_manifest.json", POLICY)
    assert judged.release is None
    assert [report["unit"]["name"] for report in judged.reports] == ["spiralverse/policy-adapter-v1"]
    (refusal,) = judged.refusals
    assert refusal.subject == "spiralverse/textgen-lora-v1"
    assert "textgen-lora/adapter_model.safetensors has sha256" in refusal.why


def test_one_manifest_alone_can_be_judged():
    judged = offline.judge(EXAMPLES / "gcp_manifest.json", POLICY)
    assert {report["unit"]["kind"]: report["verdict"] for report in judged.reports} == {
        "embedder": "pass",
        "retrieval-eval": "pass",
    }
    assert judged.refusals == ()


def test_every_fault_of_every_file_is_told_at_once(tmp_path):
    hf = bent(tmp_path, "hf_manifest.json", lambda it: it["units"][0].update(name="lora", api=1))
    gcp = bent(tmp_path, "gcp_manifest.json", lambda it: it.update(platform="aws", produced_at="2026-02-30T05:00:00Z"))
    policy = bent(tmp_path, "policy.json", lambda it: it.update(fallback=["embeder"]))
    aws = tmp_path / "aws_manifest.json"
    aws.write_bytes(b'{"schema":"manifest.v1","schema":"manifest.v1","size":0.5}')
    with pytest.raises(ContractError) as refused:
        offline.fuse({"hf": hf, "gcp": gcp, "aws": aws}, policy, tmp_path / "out.json")
    places = [fault.split(": ")[:2] for fault in refused.value.faults]
    assert places == [
        [str(hf), "$.units[0].api"],
        [str(hf), "$.units[0].name"],
        [str(gcp), "$.platform"],
        [str(gcp), "$.produced_at"],
        [str(aws), "$.schema"],
        [str(aws), "$.size"],
        *[[str(aws), "$"]] * 3,
        [str(policy), "$.fallback"],
        [str(policy), "$.fallback"],
    ]
    assert refused.value.what == "11 faults in the given documents"
    assert not (tmp_path / "out.json").exists()


def test_a_file_that_is_not_there_is_named(tmp_path):
    absent = {**manifests(EXAMPLES), "aws": tmp_path / "nowhere.json"}
    with pytest.raises(MissingError, match=r"there is no file .*nowhere\.json"):
        offline.fuse(absent, POLICY, tmp_path / "out.json")


def test_a_baseline_that_is_no_release_is_a_broken_document(tmp_path):
    with pytest.raises(ContractError) as refused:
        offline.fuse(manifests(EXAMPLES), POLICY, tmp_path / "out.json", POLICY)
    assert any(fault.startswith(f"{POLICY}: $: units is missing (") for fault in refused.value.faults)


def test_whoever_reads_the_output_meanwhile_reads_the_old_one_to_its_end(tmp_path, first, second):
    output = tmp_path / "release.json"
    offline.write(first.release, output)
    with output.open("rb") as reader:
        begin = reader.read(100)
        offline.write(second.release, output)
        assert json.loads(begin + reader.read()) == first.release
    assert json.loads(output.read_bytes()) == second.release
    assert [path.name for path in tmp_path.iterdir()] == ["release.json"]


def test_a_link_is_written_through_and_stays_a_link(tmp_path, first):
    (tmp_path / "kept").mkdir()
    (tmp_path / "latest.json").symlink_to(tmp_path / "kept/release.json")
    offline.write(first.release, tmp_path / "latest.json")
    assert (tmp_path / "latest.json").is_symlink()
    assert json.loads((tmp_path / "kept/release.json").read_bytes()) == first.release


def test_a_pipe_is_written_to_and_stays_a_pipe(tmp_path, first):
    """As is /dev/null, which whoever is root would otherwise replace for the whole machine."""
    pipe, read = tmp_path / "pipe", []
    os.mkfifo(pipe)
    reader = threading.Thread(target=lambda: read.append(pipe.read_bytes()), daemon=True)
    reader.start()
    offline.write(first.release, pipe)
    reader.join(timeout=20)
    assert pipe.is_fifo()
    assert json.loads(read[0]) == first.release


def test_an_output_that_cannot_be_written_leaves_nothing_behind(tmp_path, first):
    (tmp_path / "taken").mkdir()
    with pytest.raises(ServiceError, match="cannot be written"):
        offline.write(first.release, tmp_path / "taken")
    with pytest.raises(MissingError, match="make it first"):
        offline.write(first.release, tmp_path / "absent/release.json")
    assert [path.name for path in tmp_path.iterdir()] == ["taken"]
    assert list((tmp_path / "taken").iterdir()) == []


def test_a_field_that_nobody_knows_may_have_any_name(tmp_path):
    policy = bent(tmp_path, "policy.json", lambda it: it.update(produced_at=3, platform=None))
    assert offline.judge(EXAMPLES / "gcp_manifest.json", policy).refusals == ()


def test_the_moment_of_a_release_is_the_last_of_its_manifests_however_it_is_written(tmp_path):
    """As text, 05:00:00.5Z comes before 05:00:00Z."""
    shutil.copytree(EXAMPLES, tmp_path / "examples", ignore=shutil.ignore_patterns("later"))
    late = "2026-11-15T05:00:00.5Z"
    bent(tmp_path / "examples", "aws_manifest.json", lambda it: it.update(produced_at=late))
    fused = offline.fuse(manifests(tmp_path / "examples"), POLICY, tmp_path / "out.json")
    assert fused.release["created_at"] == late
