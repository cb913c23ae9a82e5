# SPDX-License-Identifier: Apache-2.0
"""A party that is set up wrongly says what is missing and does not start."""

import pytest

from training_images.federated import certificates
from training_images.federated.services import node_config, serve
from training_images.job.settings import Settings


def told(capsys, **given):
    assert serve(Settings(given={name.replace("_", "-"): str(value) for name, value in given.items()})) == 42
    return capsys.readouterr().err


def test_a_party_needs_its_own_folder(capsys, tmp_path):
    assert "is not a folder; it must contain this party's keys" in told(
        capsys, role="superlink", folder=tmp_path / "nothing"
    )


def test_a_superlink_without_certificate_does_not_start(capsys, tmp_path):
    assert "superlink.crt is missing" in told(capsys, role="superlink", folder=tmp_path)


@pytest.mark.parametrize("gateway", ["somewhere", "somewhere:port", ":8443"])
def test_a_supernode_must_know_where_the_gateway_is(capsys, tmp_path, gateway):
    said = told(capsys, role="supernode", folder=tmp_path, name="ada", gateway=gateway, apps="0" * 64)
    assert "as HOST:PORT" in said


def test_a_supernode_must_say_which_apps_it_runs(capsys, tmp_path):
    certificates.authority(tmp_path).member(tmp_path, "ada")
    said = told(capsys, role="supernode", folder=tmp_path, name="ada", gateway="somewhere:8443")
    assert "the setting apps is missing" in said


def test_a_members_limits_reach_its_app(tmp_path):
    given = {"masked": "yes", "epsilon": "2.5", "region": "eu-west-1", "role": "supernode"}
    result = node_config(tmp_path, Settings(given=given))
    assert (result["masked"], result["epsilon"], result["region"]) == (True, 2.5, "eu-west-1")
    assert result["rows"] == str(tmp_path / "rows.npz")
    assert result["memory"] == str(tmp_path / "memory")
    assert "role" not in result


def test_a_misspelt_limit_is_refused(capsys, tmp_path):
    certificates.authority(tmp_path).member(tmp_path, "ada")
    given = {"role": "supernode", "folder": tmp_path, "name": "ada", "gateway": "somewhere:8443", "apps": "0" * 64}
    assert "--epsilom (did you mean --epsilon?)" in told(capsys, **given, epsilom=2)


def test_a_member_takes_no_seed_for_its_noise(capsys, tmp_path):
    given = {"role": "supernode", "folder": tmp_path, "name": "ada", "gateway": "somewhere:8443", "apps": "0" * 64}
    assert "nobody here reads --seed" in told(capsys, **given, seed=4)
    assert "nobody here reads --noise-seed" in told(capsys, **given, noise_seed=4)
    assert "seed" not in node_config(tmp_path, Settings(given={"seed": "4"}))


def test_private_keys_are_for_their_owner_only(tmp_path):
    own = certificates.authority(tmp_path).member(tmp_path, "ada")
    assert {path.stat().st_mode & 0o777 for path in (own.key, own.node_key)} == {0o600}
