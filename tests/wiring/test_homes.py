# SPDX-License-Identifier: Apache-2.0
"""Settings become ports, and nothing is reached before it is asked."""

import os
import subprocess
import sys

import pytest

from federation.errors import ContractError, MissingError, SettingsError
from federation.settings import Settings
from federation.wiring.aws import aws_ports
from federation.wiring.clock import clock_of
from federation.wiring.cluster import cluster_trainers
from federation.wiring.dispatch import ArtifactsByScheme, TrainerByPlatform
from federation.wiring.gcp import gcp_ports
from federation.wiring.google_parts import set_google_credentials
from federation.wiring.trust import trust_of, trust_showing, trust_without_secrets

TRUST = {"aws_accounts": ["111122223333"], "s3_buckets": ["acme"], "hf_owner": "acme", "hf_secret": {"secret": "arn:a"}}
AWS = Settings(home="aws", store="s3://acme-home/production", bus="federation", trust=TRUST, registry="acme/releases")
GCP = Settings(home="gcp", store="gs://acme-home", bus="projects/p/topics/t", trust=TRUST, registry="acme/releases")


@pytest.mark.parametrize(("made", "settings"), [(aws_ports, AWS), (gcp_ports, GCP)])
def test_a_home_is_made_without_reaching_for_anything(made, settings):
    ports = made(settings)
    assert ports.store
    assert ports.traffic


@pytest.mark.parametrize(("made", "home"), [(aws_ports, "aws"), (gcp_ports, "gcp")])
def test_a_home_that_is_not_told_where_it_is_says_what_to_set(made, home):
    with pytest.raises(SettingsError, match="FEDERATION_STORE, FEDERATION_BUS"):
        made(Settings(home=home))


@pytest.mark.parametrize(("made", "settings", "store"), [(aws_ports, AWS, "gs://x/y"), (gcp_ports, GCP, "s3://x/y")])
def test_a_store_of_another_cloud_is_refused(made, settings, store):
    wrong = Settings(home=settings.home, store=store, bus="b")
    with pytest.raises(SettingsError, match="FEDERATION_STORE is"):
        made(wrong)


@pytest.mark.parametrize("scheme", ["gs", "file", "http"])
def test_a_scheme_that_the_trust_does_not_name_is_refused_before_anything_is_fetched(scheme):
    with pytest.raises(ContractError, match="its scheme must be one of hf, s3"):
        aws_ports(AWS).artifacts.read(f"{scheme}://169.254.169.254/latest", 10)


def test_a_deployed_function_loads_no_other_clouds_sdk():
    code = (
        "import sys, lambda_function\n"
        "loaded = {name.partition('.')[0] for name in sys.modules}\n"
        "print(sorted(loaded & {'google', 'kubernetes', 'huggingface_hub', 'numpy', 'jsonschema', 'boto3', 'typer'}))"
    )
    found = subprocess.run([sys.executable, "-c", code], cwd="functions", capture_output=True, text=True, check=True)
    assert found.stdout.strip() in {"[]", "['google']"}  # a namespace that some installations always load


def test_the_door_reads_its_secrets_by_reference_and_no_other_function_does():
    assert trust_of(TRUST, {"arn:a": "s3cret"}.__getitem__).hub_secret == "s3cret"
    assert trust_without_secrets(TRUST).hub_secret is None
    assert trust_showing(TRUST, "hf_secret", {"arn:a": "s3cret"}.__getitem__).hub_secret == "s3cret"
    assert trust_showing(TRUST, "alertmanager_token", {}.__getitem__).hub_secret is None, "nobody asks for it"
    with pytest.raises(SettingsError, match="hf_secret: a reference to a secret must be text"):
        trust_of({"hf_secret": {"secret": 1}}, str)


@pytest.mark.parametrize("value", [None, "", " \n", "pässword"])
def test_a_secret_without_a_usable_value_closes_the_door_to_its_sender_alone(caplog, value):
    def read(reference):
        if reference != "arn:grafana":
            return "s3cret"
        if value is None:
            raise MissingError(f"{reference} has no value")
        return value

    found = trust_of({**TRUST, "alertmanager_token": {"secret": "arn:grafana"}}, read)
    assert (found.hub_secret, found.alertmanager_token) == ("s3cret", None)
    assert "alertmanager_token" in caplog.text


@pytest.mark.parametrize("end", ["", "\n", "\r\n"])
def test_a_secret_that_was_put_from_a_file_is_what_the_file_says(end):
    assert trust_of(TRUST, lambda _: f"s3cret{end}").hub_secret == "s3cret"


def test_each_cloud_is_made_once_and_only_when_it_is_asked():
    made = []

    class Shelf:
        def read(self, uri, limit):
            return uri.encode()[:limit]

    def shelf():
        made.append("s3")
        return Shelf()

    artifacts = ArtifactsByScheme({"s3": shelf, "gs": lambda: made.append("gs")})
    assert artifacts.read("s3://a/b", 4) == b"s3:/"
    assert artifacts.read("s3://a/c", 2) == b"s3"
    assert made == ["s3"]


def test_a_job_for_a_platform_out_of_reach_says_which_are_reached():
    with pytest.raises(ContractError, match="is to run on azure, and this home reaches aws"):
        TrainerByPlatform({"aws": object}).launch("embedder-1", {"platform": "azure"})


def test_clusters_are_platforms_of_their_own():
    assert set(cluster_trainers({"kubernetes": {"namespace": "training"}, "coreweave": {"namespace": "a"}})) == {
        "kubernetes",
        "coreweave",
    }
    with pytest.raises(SettingsError, match="FEDERATION_CLUSTERS cannot be used"):
        cluster_trainers({"kubernetes": {"name": "training"}})


def test_a_drill_tells_its_own_time(tmp_path):
    (tmp_path / "clock").write_text("2026-11-17T09:00:00Z\n", "utf-8")
    assert clock_of(Settings(clock=str(tmp_path / "clock")))() == "2026-11-17T09:00:00Z"
    assert clock_of(Settings())() > "2026-11"


def test_googles_libraries_find_the_identity_that_a_function_of_aws_is_given(monkeypatch, tmp_path):
    monkeypatch.delenv("GOOGLE_APPLICATION_CREDENTIALS", raising=False)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    set_google_credentials(Settings(google={"type": "external_account", "audience": "//iam.googleapis.com/x"}))
    place = os.environ.pop("GOOGLE_APPLICATION_CREDENTIALS")
    assert '"external_account"' in (tmp_path / place.rpartition("/")[2]).read_text("utf-8")


@pytest.mark.parametrize(
    ("variable", "value", "says"),
    [
        ("FEDERATION_HOME", "azure", "expected one of local, aws, gcp"),
        ("FEDERATION_TRUST", "[]", "FEDERATION_TRUST is not a JSON object"),
        ("FEDERATION_INLINE", "yes", "expected true or false"),
    ],
)
def test_a_variable_that_means_nothing_is_named(variable, value, says):
    with pytest.raises(SettingsError, match=says):
        Settings.read({variable: value})
