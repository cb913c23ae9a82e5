# SPDX-License-Identifier: Apache-2.0
"""SuperLink, gateway, three SuperNodes behind their doors: TLS, node keys, masks, a member that is lost; on loopback.

One fleet serves all tests in this file, in this order; `.venv-federated` has what it needs.
"""

import contextlib
import os
import time

import httpx
import numpy as np
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from tests.training_images.federated.consortium_fixture import members, plan

from training_images.federated import certificates
from training_images.federated.control import Control, app_digest
from training_images.federated.fleet import HERE, MemberSetup, certified, enter, home, running_fleet
from training_images.federated.forwarding import client_context
from training_images.federated.in_process import in_process
from training_images.federated.rounds import learn
from training_images.job.errors import ConfigError

pytestmark = pytest.mark.filterwarnings(
    "ignore:GitWildMatchPattern:DeprecationWarning"
)  # Flower's, when it packs an app
THREE = ("ada", "ben", "cem")
LIMIT = 360.0


@pytest.fixture(scope="module")
def fleet(tmp_path_factory):
    folder = tmp_path_factory.mktemp("consortium")
    placed = [MemberSetup(rows=rows, platform="aws", region="eu-central-1") for rows in members(*THREE)]
    with running_fleet(folder, placed) as running:
        certified(running, "stranger")
        enter(running, "stranger", app_digest())
        rogue = certificates.authority(folder / "rogue")
        certified(running, "impostor")
        rogue.member(home(folder, "impostor"), "impostor")
        enter(running, "impostor", app_digest())
        yield running
        left = [name for name, process in running.processes.items() if process.poll() is not None]
        assert set(left) <= {"stranger", "impostor"}


def as_member(fleet, name="ada"):
    own = home(fleet.folder, name)
    context = client_context(str(own / "ca.crt"), str(own / f"{name}.crt"), str(own / f"{name}.key"))
    return Control(host=HERE, port=fleet.gateway, context=context)


def rogue_key(folder):
    place = folder / "rogue.pub"
    key = ec.generate_private_key(ec.SECP384R1()).public_key()
    place.write_bytes(key.public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH))
    return place


def test_masked_sums_of_private_steps_are_those_of_one_process_to_the_last_digits(fleet):
    """Everybody is in every step and the noise is tiny, since a fleet's noise cannot be repeated."""
    agreed = plan(THREE, run="masked", rounds=1, masked=True, least=3, noise=1e-9, chance=1.0, scored=False)
    deployed = fleet.run(agreed, patience=90, limit=LIMIT).learned
    assert deployed.history[0].members == THREE
    assert np.abs(deployed.weights - learn(in_process(members(*THREE), None), agreed).weights).max() < 1e-6


def test_a_member_cannot_let_a_key_in_or_start_a_run(fleet, tmp_path):
    with pytest.raises(ConfigError, match="register-node was refused with 404"):
        as_member(fleet).register(rogue_key(tmp_path))
    with pytest.raises(ConfigError, match="start-run was refused with 404"):
        as_member(fleet).start({"plan": "{}", "result": str(tmp_path), "patience": 1.0})


def test_the_authoritys_certificate_alone_does_not_even_reach_the_gateways_rule(fleet, tmp_path):
    alone = Control(host=HERE, port=fleet.gateway, context=client_context(str(fleet.authority.certificate)))
    with pytest.raises(ConfigError, match="no SuperLink answers"):
        alone.register(rogue_key(tmp_path))


def test_without_the_gateway_it_would_be_enough(fleet, tmp_path):
    assert fleet.control().register(rogue_key(tmp_path)) > 0


def test_without_tls_the_superlink_does_not_answer(fleet):
    with pytest.raises(httpx.HTTPError):
        httpx.post(f"http://{HERE}:{fleet.superlink}/v1/fleet/pull-messages", content=b"")


def test_a_node_without_a_key_is_turned_away(fleet):
    own = home(fleet.folder, "ada")
    context = client_context(str(own / "ca.crt"), str(own / "ada.crt"), str(own / "ada.key"))
    with httpx.Client(verify=context) as client:
        replied = client.post(
            f"https://{HERE}:{fleet.gateway}/v1/fleet/activate-node",
            content=b"",
            headers={"content-type": "application/protobuf"},
        )
    assert replied.status_code == 401


def test_two_rounds_survive_the_loss_of_a_member_and_equal_one_process(fleet):
    agreed = plan(THREE, run="plain", rounds=2, least=2)
    place = fleet.submit(agreed, patience=75)  # a busy machine takes half a minute for a question that all answer
    until(lambda: fleet.output("cem").count("Sent successfully") >= 4)
    fleet.kill("cem")
    found = fleet.wait_for_result(place, LIMIT)
    assert [told.members for told in found.learned.history] == [THREE, ("ada", "ben")]
    alike = learn(in_process(members(*THREE), None, lost={3: ["cem"]}), agreed)
    assert np.abs(found.learned.weights - alike.weights).max() < 1e-6
    assert set(found.learned.scores) == {"ada", "ben"}
    assert found.learned.scores["ada"].text("region") == "eu-central-1"
    assert np.allclose(found.learned.scores["ada"].arrays["brier"], alike.scores["ada"].arrays["brier"])


def test_a_node_that_nobody_registered_was_refused(fleet):
    until(lambda: fleet.processes["stranger"].poll() is not None)
    assert "[code: 2004]" in fleet.output("stranger")


def test_a_node_with_another_authoritys_certificate_was_refused(fleet):
    until(lambda: "did not answer" in fleet.output("impostor"))
    assert "SuperNode ID" not in fleet.output("impostor")


def until(true, limit=LIMIT):
    ends = time.monotonic() + limit
    while not true():
        assert time.monotonic() < ends, "it did not happen in time"
        with contextlib.suppress(InterruptedError):
            os.sched_yield()
            time.sleep(0.05)
