# SPDX-License-Identifier: Apache-2.0
"""A person who goes back without the bus needs what `roll_back` may do, and what Terraform tells the command; no more."""

import re
from itertools import chain

import msgspec
import pytest
from infra.package import ROOT
from tests.infra.test_steps import Unseen, Watched, granted

from federation.cli.home.watch import Watch
from federation.cli.ordering.direct import carried_directly
from federation.cli.ordering.order import order
from federation.cli.screen.decisions import Progress
from federation.core import event as events
from federation.core import names
from federation.core.digest import canonical
from federation.core.event import Event
from federation.core.policy import policy_of
from federation.core.strict_json import document
from federation.demo.story import first_week, second_week
from federation.demo.trust import TRUST
from federation.ports import Ports
from federation.reads import LiveReads
from federation.runtime import routes
from federation.sources import Trust
from federation.steps import load, receive
from federation.wiring.local import local_home

HCL = {
    cloud: "\n".join(path.read_text("utf-8") for path in sorted((ROOT / "infra" / cloud).rglob("*.tf")))
    for cloud in ("aws", "gcp")
}


@pytest.fixture
def watched(tmp_path):
    """A home before the alarm, of which every call from now on is noted as one of `roll_back`."""
    home = local_home(tmp_path, in_memory=True)
    examples = ROOT / "training/examples"
    policy = document((examples / "policy.json").read_bytes(), what="policy.json")
    home.ports.store.keep(names.policy(policy_of(policy).version), canonical(policy))
    watched = Watched(home)
    stage = Unseen(watched.home, Trust.read(TRUST), examples)
    assert [*first_week(stage), *second_week(stage)]
    watched.noted.clear()
    watched.step = "roll_back"
    yield watched
    home.close()


class Deployed:
    """A home in a cloud, whose functions do nothing."""

    def __init__(self, ports: Ports) -> None:
        self.ports = ports

    def carry(self, *announced: Event) -> Progress:
        return Watch(self.ports.store, announced).until_settled(1.0)


def test_going_back_directly_asks_for_nothing_that_roll_back_may_not_do(watched):
    home = Deployed(watched.home.ports)
    reads = LiveReads(home.ports)
    channel = reads.channel(reads.policy().channel)
    given = {"who": "eva", "why": "wrong", "release": channel.serving.name}
    progress, failure = carried_directly(
        "roll_back", order(events.ROLLBACK_ORDERED, given, channel.name, "2026-11-20T03:00:00Z"), home
    )
    assert (len(progress.decisions), failure) == (1, "")
    assert msgspec.json.decode(home.ports.store.channel(channel.name))["counter"] == channel.counter + 1
    assert {("roll_back", "channel", "move"), ("roll_back", "uses", "traffic")} <= watched.noted
    assert not [one for one in sorted(watched.noted) if not granted(*one)]


def test_on_aws_the_emergency_policy_is_made_of_the_functions_own_documents():
    (emergency,) = re.findall(r'data "aws_iam_policy_document" "emergency" \{(.*?)\n\}', HCL["aws"], re.DOTALL)
    own = 'data.aws_iam_policy_document.step["roll_back"].json, module.function["roll_back"].encryption'
    assert f"source_policy_documents = [{own}]" in emergency
    assert "statement" not in emergency


def test_on_google_an_emergency_gives_an_access_token_of_one_account_and_nothing_else():
    assert re.findall(r"impersonator\s+= (.*)", HCL["gcp"]) == ['["iam.serviceAccounts.getAccessToken"]']
    (granted_to,) = re.findall(r"service_account_id = (\S+)\n\s+role\s+= \S+\[\"impersonator\"\]", HCL["gcp"])
    assert granted_to == 'google_service_account.step["roll_back"].id'


@pytest.mark.parametrize(
    ("cloud", "written"),
    [
        ("aws", r'sid += "AddAPolicyAndTickByHand".*?resources = \[(.*?)\]'),
        ("gcp", r'"operator_writes" \{.*?for name in \[(.*?)\]'),
    ],
)
def test_a_person_may_write_the_documents_that_commands_write_and_no_others(cloud, written):
    (found,) = re.findall(written, HCL[cloud], re.DOTALL)
    words = {word for quoted in re.findall(r'"(.*?)"', found) for word in re.findall(r"[a-z]+(?=/\*|$)", quoted)}
    assert words == {names.POLICIES.rstrip("/"), names.TICKS.rstrip("/")}


def test_a_person_may_read_units_again_and_send_a_doors_letters_back():
    assert "for_each = local.platform_statements.artifacts" in HCL["aws"]
    granted_to = dict(re.findall(r'resource "\w+" "(operator_\w+)" \{.*?\n  role\s+= (.*?)\n', HCL["gcp"], re.DOTALL))
    assert granted_to["operator_units"] == 'google_project_iam_custom_role.narrow["unitReader"].id'
    assert HCL["gcp"].count('"operator_doors"') == 2
    assert re.findall(r"subscriptionReader\s+= (.*)", HCL["gcp"]) == ['["pubsub.subscriptions.get"]']


def test_whoever_announces_says_that_it_is_federation():
    """A person, each function and each visitor: else EventBridge takes events of any source from them."""
    documents = re.findall(r'"events:PutEvents".{,400}', HCL["aws"], re.DOTALL)
    assert len(documents) == 3
    assert all('"events:source"' in one and '["federation"]' in one for one in documents)


ORDERS = {events.APPROVAL_GIVEN, *(type_ for type_ in routes() if type_.endswith(".ordered.v1"))}


def types_that(local: str) -> set[str]:
    """The types of events that a condition of infra/aws is about."""
    (fits,) = re.findall(local + r' = \{.*?keys\(local\.routes\).*?regex\("(.*?)"', HCL["aws"], re.DOTALL)
    return {type_ for type_ in routes() if re.search(fits.replace("\\\\", "\\"), type_)}


def test_no_function_can_give_a_persons_order():
    """`validate` and `gate` read what suppliers wrote: whoever gets hold of one of them approves no release with it."""
    assert types_that("no_order") == ORDERS
    assert set(load("govern").HEARS) <= ORDERS
    assert 'step == "receive" ? local.what_doors_tell : local.no_order' in HCL["aws"]


def test_a_door_tells_what_doors_tell_and_starts_no_job():
    """`receive` hears the internet, here and on Google: what gets hold of it must not spend money or lift a quarantine."""
    told = {events.ARTIFACT_COMPLETED, events.SLO_BREACHED, *chain.from_iterable(receive.TICKS.values())}
    assert types_that("what_doors_tell") == told
    assert HCL["aws"].count("local.what_doors_tell") == 4, "receive's own role, and the role of Google's receive"


def test_a_training_job_cannot_speak_for_the_nodes():
    """An alarm on the nodes' own metric rolls a release back: a trainer that writes it could, or could drown the breach."""
    documents = dict(re.findall(r'data "aws_iam_policy_document" "(\w+)" \{(.*?)\n\}', HCL["aws"], re.DOTALL))
    assert [name for name, body in documents.items() if "latency_namespace" in body] == ["node"]
    assert 'values   = ["/aws/sagemaker/TrainingJobs"]' in documents["training"]


@pytest.mark.parametrize(("cloud", "column"), [("aws", 2), ("gcp", 3)])
def test_terraform_tells_the_command_all_that_operations_lists(cloud, column):
    told = (ROOT / "docs/operations.md").read_text("utf-8").partition("| in the file |")[2].partition("\n\n")[0]
    listed = {name for row in told.splitlines()[2:] for name in re.findall(r"[A-Z_]{6,}", row.split("|")[column])}
    assert {"FEDERATION_STORE", "FEDERATION_ENDPOINT", "FEDERATION_TRUST"} < listed
    assert not [name for name in sorted(listed) if not re.search(rf"\b{name}\"?\s+=", HCL[cloud])]


@pytest.mark.parametrize("cloud", ["aws", "gcp"])
def test_the_region_is_told_as_botocore_reads_it(cloud):
    assert "AWS_DEFAULT_REGION" in HCL[cloud]
    assert not re.search(r"\bAWS_REGION\b", HCL[cloud])
