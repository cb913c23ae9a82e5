# SPDX-License-Identifier: Apache-2.0
"""Which platform is this, which of its machines, and where does everything lie?"""

import json

import pytest
from tests.training_images.layouts import sagemaker

from training_images.job import detect
from training_images.job.errors import ConfigError

JOB = {"kind": "embedder", "platform": "kubernetes", "region": "eu-west-1", "output": "s3://acme/jobs", "count": 3}


def kubernetes(root, **environment):
    told = {"FEDERATION_JOB": json.dumps(JOB), "FEDERATION_JOB_NAME": "embedder-1", **environment}
    return detect.spec(root, told, [])


def test_a_process_on_this_machine_is_local(tmp_path):
    spec = detect.spec(tmp_path, {}, ["--region", "here", "--output", str(tmp_path / "unit")])
    assert (spec.platform, spec.world, spec.upload) == ("local", 1, None)


def test_nobody_who_cannot_say_where_the_data_lie_is_run(tmp_path):
    with pytest.raises(ConfigError, match="in which region"):
        detect.spec(tmp_path, {}, [])


def test_a_machine_of_sagemaker_knows_its_place_among_the_others(tmp_path):
    layout = sagemaker(tmp_path, {})
    hosts = {"current_host": "algo-2", "hosts": ["algo-3", "algo-1", "algo-2"]}
    (tmp_path / "opt/ml/input/config/resourceconfig.json").write_text(json.dumps(hosts))
    spec = detect.spec(tmp_path, layout.environment, ["train"])
    assert (spec.rank, spec.world, spec.master) == (1, 3, "algo-1")


def test_a_machine_of_vertex_counts_the_pools_before_its_own(tmp_path):
    cluster = {"workerpool0": ["a:2222"], "workerpool1": ["b:2222", "c:2222"]}
    told = {
        "AIP_MODEL_DIR": "gs://acme/model",
        "CLOUD_ML_REGION": "europe-west4",
        "CLUSTER_SPEC": json.dumps({"cluster": cluster, "task": {"type": "workerpool1", "index": 1}}),
    }
    spec = detect.spec(tmp_path, told, [])
    assert (spec.rank, spec.world, spec.master) == (2, 3, "a:2222")


def test_shards_of_a_managed_data_set_lie_in_their_folder(tmp_path):
    told = {
        "AIP_MODEL_DIR": "gs://acme/model",
        "CLOUD_ML_REGION": "europe-west4",
        "AIP_TRAINING_DATA_URI": "gs://acme/sets/7/training-*.jsonl",
    }
    assert detect.spec(tmp_path, told, []).channels["training"] == tmp_path / "gcs/acme/sets/7"


def test_vertex_without_a_folder_for_the_unit_is_refused(tmp_path):
    with pytest.raises(ConfigError, match="baseOutputDirectory"):
        detect.spec(tmp_path, {"CLOUD_ML_JOB_ID": "1", "CLOUD_ML_REGION": "europe-west4"}, [])


@pytest.mark.parametrize(
    "ranks",
    [
        {"JOB_COMPLETION_INDEX": "2"},
        {"RANK": "2", "WORLD_SIZE": "3", "MASTER_ADDR": "job-0"},
        {"PET_NODE_RANK": "2", "PET_NNODES": "3", "PET_MASTER_ADDR": "job-0"},
        {"RANK": "2", "WORLD_SIZE": "24", "MASTER_ADDR": "job-0", "PET_NODE_RANK": "2", "PET_NNODES": "3"},
    ],
    ids=["indexed job", "pytorchjob", "trainjob", "pytorchjob that expects eight processes in each pod"],
)
def test_a_pod_finds_its_rank_however_the_cluster_tells_it(tmp_path, ranks):
    spec = kubernetes(tmp_path, **ranks)
    assert (spec.rank, spec.world) == (2, 3)


def test_processes_that_torchrun_started_in_one_pod_are_told_apart(tmp_path):
    pod = {"PET_NODE_RANK": "0", "PET_NNODES": "1", "TORCHELASTIC_RUN_ID": "none", "WORLD_SIZE": "2"}
    specs = [kubernetes(tmp_path, **pod, RANK=rank) for rank in ("0", "1")]
    assert [(spec.rank, spec.world) for spec in specs] == [(0, 2), (1, 2)]


@pytest.mark.parametrize("told", [{"PET_NNODES": "1:4"}, {"WORLD_SIZE": "many"}, {"RANK": "-1"}], ids=str)
def test_a_number_of_machines_that_is_none_is_told(tmp_path, told):
    with pytest.raises(ConfigError, match=r"no whole number.* without an elastic policy"):
        kubernetes(tmp_path, **told)


def test_a_job_of_vertex_that_nobody_launched_may_say_its_machine_itself(tmp_path):
    told = {"AIP_MODEL_DIR": "gs://acme/model", "CLOUD_ML_REGION": "europe-west4"}
    assert detect.spec(tmp_path, told, ["--machine", "n1-standard-4"]).machine == "n1-standard-4"


def test_a_unit_that_no_platform_carries_away_is_pushed_below_the_jobs_name(tmp_path):
    spec = kubernetes(tmp_path)
    assert spec.upload == "s3://acme/jobs/embedder-1"
    assert spec.output.is_relative_to(tmp_path)


def test_what_an_image_brings_along_gives_way_to_what_is_named(tmp_path):
    for name in ("base", "suite"):
        (tmp_path / "opt/federation/channels" / name).mkdir(parents=True)
    spec = detect.spec(tmp_path, {}, ["--region", "here", "--channel.base", "/mine"])
    assert spec.channels["base"] == tmp_path / "mine"
    assert spec.channels["suite"] == tmp_path / "opt/federation/channels/suite"


def test_a_bucket_that_is_not_mounted_is_refused(tmp_path):
    with pytest.raises(ConfigError, match="is not mounted here"):
        detect.spec(tmp_path, {}, ["--region", "here", "--channel.base", "s3://acme/base"])


def test_an_empty_channel_is_refused_when_it_is_needed(tmp_path):
    (tmp_path / "data").mkdir()
    spec = detect.spec(tmp_path, {}, ["--region", "here", "--channel.data", "/data"])
    with pytest.raises(ConfigError, match="the channel data is empty"):
        spec.channel("data")


def test_a_policys_job_in_parts_is_joined(tmp_path):
    text = json.dumps({**JOB, "region": "eu-west-1"})
    parts = {f"FEDERATION_JOB_{number}": text[at : at + 8] for number, at in enumerate(range(0, len(text), 8))}
    assert len(parts) > 10
    told = {**parts, "FEDERATION_JOB_NAME": "embedder-1"}
    assert detect.spec(tmp_path, told, []) == detect.spec(tmp_path, {**told, "FEDERATION_JOB": text}, [])


def test_a_policys_job_that_is_no_json_is_refused(tmp_path):
    with pytest.raises(ConfigError, match="FEDERATION_JOB is no JSON object"):
        detect.spec(tmp_path, {"FEDERATION_JOB": "{"}, [])


def test_a_cluster_under_a_name_of_its_own_reads_a_pods_last_words_too(tmp_path):
    job = json.dumps({**JOB, "platform": "coreweave"})
    (tmp_path / "dev").mkdir()
    (tmp_path / "dev/termination-log").touch()
    told = {"FEDERATION_JOB": job, "FEDERATION_JOB_NAME": "embedder-1"}
    assert detect.spec(tmp_path, told, []).failure == tmp_path / "dev/termination-log"
