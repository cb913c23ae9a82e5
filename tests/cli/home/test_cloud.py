# SPDX-License-Identifier: Apache-2.0
"""A home in a cloud: it is looked at as a local one is, and an order is announced and waited for."""

import io
import json
import os
import sys
import time

import pytest
from infra.emulators import aws, gcs, pubsub, pubsub_service
from tests.cli.deployed import OnAws, OnGoogle, seeded

from federation.cli.home.cloud import CloudHome
from federation.cli.home.watch import Watch
from federation.cli.ordering.order import order
from federation.errors import ServiceError, SettingsError
from federation.gcp import clients as google
from federation.settings import Settings
from federation.wiring.aws import own_clients
from federation.wiring.cloud import cloud_ports
from federation.wiring.local import local_home

WHO = ("--who", "eva", "--why", "the test asks for it")
FIRST = "spiralverse-ai-federated-v1.0.0"
AT = "2026-01-05T08:00:00Z"
LOOKS = (
    ("releases",),
    ("explain", "last"),
    ("explain", "roll_back"),
    ("explain", "spiralverse/policy-adapter-v2"),
    ("explain", FIRST),
    ("replay", "promote"),
    ("served",),
    ("intact",),
    ("orders",),
    ("policy",),
    ("diff", FIRST, "v1.0.1"),
    ("lineage",),
)


@pytest.fixture(scope="module")
def on_aws():
    with aws.serving() as cloud:
        yield OnAws(cloud)
        own_clients.cache_clear()


@pytest.fixture(scope="module")
def on_google():
    with gcs.serving(buckets=("cli-home",)) as storage, pubsub.serving() as messages:
        home = OnGoogle(storage, messages)
        yield home
        home.close()
        _let_go(google.publisher, lambda client: (client.stop(), client.transport.close()))
        _let_go(google.subscriber, lambda client: client.close())
        _let_go(google.storage_client, lambda client: client.close())
        google.bucket.cache_clear()


def _let_go(cached, close):
    if cached.cache_info().currsize:
        close(cached())
    cached.cache_clear()


@pytest.fixture(scope="module")
def filled():
    """Homes that hold what the demo's does."""
    return set()


@pytest.fixture(params=["aws", "google"])
def deployed(request, played, filled, monkeypatch):
    """A home in a cloud that holds what the demo's does; the environment names it."""
    monkeypatch.setattr(pubsub_service, "_PULL_SECONDS", 0.02)
    deployed = request.getfixturevalue(f"on_{request.param}")
    for name, value in deployed.variables.items():
        monkeypatch.setenv(name, value)
    if request.param not in filled:
        filled.add(request.param)
        local = local_home(played)
        seeded(cloud_ports(Settings.read(os.environ)).store, local.ports)
        local.close()
    return deployed


@pytest.fixture
def working(deployed):
    with deployed.working(cloud_ports(Settings.read(os.environ))):
        yield


def test_it_is_looked_at_as_a_local_one_is(federation, deployed, played):
    for words in LOOKS:
        here, there = federation(*words, "--json", "--folder", played), federation(*words, "--json")
        assert there.err == ""
        assert here.out == there.out, words


def test_the_status_is_that_of_a_local_one_and_says_where_the_home_is(federation, deployed, played):
    here = federation("status", "--json", "--folder", played).json
    there = federation("status", "--json").json
    assert there.pop("home") == deployed.variables["FEDERATION_STORE"]
    assert here.pop("home") == str(played)
    assert there == here


def test_a_folder_that_is_named_is_the_home_whatever_the_environment_says(federation, deployed, new_home):
    assert federation("status", "--folder", new_home, "--json").json["home"] == str(new_home)


def test_the_same_policy_is_stored_there_once(federation, deployed, examples):
    answer = federation("init", "--policy", examples / "policy.json", "--json")
    assert answer.code == 0
    assert answer.json["policy"] == "policies/000001"


def test_the_first_policy_of_a_home_there_is_in_force(federation, deployed, examples, monkeypatch):
    monkeypatch.setenv("FEDERATION_STORE", os.environ["FEDERATION_STORE"] + "-that-is-empty")
    answer = federation("init", "--policy", examples / "policy.json", "--json")
    assert (answer.code, answer.json["active"]) == (0, True)


def test_who_changes_the_rules_there_is_written_down_by_the_functions(
    federation, deployed, working, examples, tmp_path
):
    second = tmp_path / "policy.json"
    second.write_text(json.dumps({**json.loads((examples / "policy.json").read_bytes()), "version": 2}), "utf-8")
    stored = federation("init", "--policy", second, *WHO)
    assert "stays in force" not in stored.out
    assert (stored.code, "eva stored version 2 of the policy: the test asks for it" in stored.out) == (0, True)
    facts = federation("explain", "policy", "--json").json["facts"]
    assert facts["version 2"].endswith("by eva: the test asks for it")


def test_a_policy_is_stored_though_nobody_hears_of_it(federation, deployed, examples):
    answer = federation("init", "--policy", examples / "policy.json", *WHO, "--wait", "0")
    assert answer.code == 11
    assert "policies/000001" in answer.out


def test_an_order_is_carried_out_by_the_functions_and_told_as_at_home(federation, deployed, working):
    held = federation("hold", *WHO, "--json")
    assert held.code == 0
    assert [(one["step"], one["why"]) for one in held.json] == [("govern", "eva: the test asks for it")]
    assert federation("status", "--json").json["hold"]["who"] == "eva"
    assert federation("resume", *WHO).out == "govern     promotions are resumed; eva: the test asks for it\n"
    assert federation("status", "--json").json["hold"] is None


def test_a_refusal_of_the_functions_is_the_commands(federation, deployed, working):
    answer = federation("resume", "--who", "noor", "--why", "nobody told her")
    assert answer.code == 10
    assert "promotions are not held" in answer.out


def test_who_does_not_wait_is_told_how_to_look_later_and_that_it_is_not_done(federation, deployed):
    answer = federation("approve", FIRST, *WHO, "--wait", "0")
    assert answer.code == 11
    assert "no step has decided anything about it yet" in answer.out
    with deployed.working(cloud_ports(Settings.read(os.environ))):
        later = answer.out.rpartition("to check later: federation ")[2].split()
        while (found := federation(*later)).code == 3:
            pass
    assert "approved" in found.out


def test_a_tick_that_nobody_has_heard_in_time_is_not_done_either(federation, deployed):
    answer = federation("tick", "merge", "--wait", "0")
    assert answer.code == 11
    assert "no step has decided anything about it yet" in answer.out


def test_who_waits_in_vain_is_told_so_in_json_too(federation, deployed):
    answer = federation("approve", FIRST, "--who", "eva", "--why", "in vain", "--wait", "0.1", "--json")
    assert answer.code == 11
    (one,) = answer.json
    assert one["step"] is None
    assert one["event"].startswith("sha256:")


@pytest.mark.parametrize(
    "ended",
    [KeyboardInterrupt(), ServiceError("the store cannot be read"), SettingsError("there is no bucket")],
    ids=["^C", "store", "bucket"],
)
def test_an_order_that_is_announced_stays_given_whatever_ends_the_wait(federation, deployed, monkeypatch, ended):
    def cut_short(*_):
        raise ended

    monkeypatch.setattr(Watch, "until_settled", cut_short)
    answer = federation("approve", FIRST, "--who", "eva", "--why", f"{type(ended)}", "--json")
    assert answer.code == 11
    assert answer.json[0]["step"] is None
    assert answer.err == f"federation: stopped waiting: {str(ended) or 'interrupted'}\n"


def test_a_bus_that_takes_nothing_is_met_with_the_way_around_it(federation, deployed, monkeypatch):
    def down(*_):
        raise ServiceError("the bus is down")

    monkeypatch.setattr(CloudHome, "carry", down)
    answer = federation("rollback", *WHO)
    assert answer.code == 5
    assert "the same command with --direct" in answer.err
    assert "--direct" not in federation("hold", *WHO).err


class Terminal(io.StringIO):
    """A screen on which one can look up what it shows."""

    def isatty(self):
        return True


def test_a_bus_that_takes_its_time_is_no_wait_without_a_word(deployed, monkeypatch):
    home = CloudHome(Settings.read(os.environ), 0)
    said, until = f"Announcing to the functions of {home.place}", time.monotonic() + 10

    def slow(*_):
        while said not in sys.stderr.getvalue():
            assert time.monotonic() < until
            time.sleep(0.01)

    monkeypatch.setattr(type(home.ports.bus), "announce", slow)
    monkeypatch.setattr(sys, "stderr", Terminal())
    monkeypatch.setenv("TERM", "xterm")
    home.carry(order("federation.hold.ordered.v1", {"who": "eva", "why": "it is slow"}, "production", AT))


def test_a_home_without_an_address_names_the_variables(federation, deployed, monkeypatch):
    monkeypatch.delenv("FEDERATION_STORE")
    answer = federation("status")
    assert answer.code == 6
    assert "FEDERATION_STORE" in answer.err


def test_whoever_only_looks_names_the_store_and_any_bus(federation, deployed, monkeypatch):
    """An auditor has a copy of the bucket, and no bus at all."""
    before = [federation(*words, "--json") for words in LOOKS]
    monkeypatch.setenv("FEDERATION_BUS", "none")
    assert [federation(*words, "--json") for words in LOOKS] == before


def test_a_damaged_channel_is_named_with_the_way_to_put_it_back(federation, deployed):
    store = cloud_ports(Settings.read(os.environ)).store
    whole = store.channel("production")
    deployed.damage("channels/production", whole[:100])
    answer = federation("rollback", *WHO)
    deployed.damage("channels/production", whole)
    assert answer.code == 2
    assert "the channel production is damaged in the store" in answer.err
    assert "docs/operations.md" in answer.err


def test_there_is_nothing_to_send_again(federation, deployed):
    assert federation("redrive").out == "0 dead letters.\n"


def test_a_home_that_cannot_tell_its_dead_letters_still_tells_what_serves(federation, on_google, deployed, monkeypatch):
    if "FEDERATION_DEAD_LETTERS" in deployed.variables:
        monkeypatch.delenv("FEDERATION_DEAD_LETTERS")
        found = federation("status", "--json").json
        assert found["releases"][0]["name"] == FIRST
        assert "FEDERATION_DEAD_LETTERS" in found["dead_unknown"]
        assert federation("redrive").code == 6
