# SPDX-License-Identifier: Apache-2.0
"""The Hub's webhook for pushes is created, updated or left as it is, and its secret is never shown."""

import json

import pytest
from infra.hub.webhook import main

SECRET = "test-secret-please-rotate"


@pytest.fixture
def url(hub_owner):
    return f"https://receive.example.com/{hub_owner}"


@pytest.fixture
def run(hub_client, hub_owner, url, capsys):
    """Runs the command as a person does and returns its exit code, output and error output."""

    def run(*options, watch=None, environment=None):
        arguments = ["--url", url, "--watch", watch or f"org:{hub_owner}", "--secret-env", "HUB_SECRET", *options]
        code = main(
            arguments, {"HUB_SECRET": SECRET} if environment is None else environment, lambda endpoint: hub_client
        )
        out, err = capsys.readouterr()
        assert SECRET not in out + err
        return code, out.strip(), err

    return run


@pytest.fixture
def webhooks(hub_client, url):
    return lambda: [webhook for webhook in hub_client.list_webhooks() if webhook.url == url]


def test_the_webhook_is_created_once(run, webhooks, hub_owner, url):
    assert run()[:2] == (0, f"{url}: create")
    assert run()[:2] == (0, f"{url}: as it should be")
    (webhook,) = webhooks()
    assert [(repository.type, repository.name) for repository in webhook.watched] == [("org", hub_owner)]
    assert (webhook.domains, webhook.secret, webhook.disabled) == (["repo"], SECRET, False)


def test_a_new_secret_or_a_new_repository_to_watch_is_an_update(run, webhooks, hub_owner, url):
    run()
    assert run(environment={"HUB_SECRET": "another-secret"})[1] == f"{url}: update"
    assert run("--watch", f"model:{hub_owner}/a")[1] == f"{url}: update"
    (webhook,) = webhooks()
    assert [(repository.type, repository.name) for repository in webhook.watched] == [
        ("org", hub_owner),
        ("model", f"{hub_owner}/a"),
    ]


def test_a_webhook_that_the_hub_suspended_is_enabled_again(run, webhooks, hub_client, url):
    run()
    hub_client.disable_webhook(webhooks()[0].id)
    assert run()[1] == f"{url}: enable"
    assert webhooks()[0].disabled is False


def test_a_dry_run_prints_the_plan_and_changes_nothing(run, webhooks, hub_cloud):
    code, out, _ = run("--dry-run", "--json")
    report = json.loads(out)
    assert (code, report["did"], report["dry_run"], report["id"]) == (0, ["create"], True, None)
    assert webhooks() == []


def test_the_json_output_names_the_webhook(run, webhooks):
    report = json.loads(run("--json")[1])
    assert report["id"] == webhooks()[0].id
    assert report["did"] == ["create"]


def test_two_webhooks_of_one_url_are_left_to_a_person(run, webhooks, hub_client, hub_owner, url):
    for _ in range(2):
        hub_client.create_webhook(url=url, watched=[{"type": "org", "name": hub_owner}], domains=["repo"])
    code, _, errors = run()
    assert code == 4
    assert all(webhook.id in errors for webhook in webhooks())


def test_a_refusal_of_the_hub_is_reported_in_its_words(run, hub_cloud):
    hub_cloud.faults.refuse("create_webhook", 403)
    code, _, errors = run()
    assert code == 5
    assert "403: the fault switch answers 403" in errors


@pytest.mark.parametrize("environment", [{}, {"HUB_SECRET": ""}, {"HUB_SECRET": "naïve"}, {"HUB_SECRET": "two\nlines"}])
def test_without_a_usable_secret_the_hub_is_not_called(run, hub_cloud, environment):
    code, _, errors = run(environment=environment)
    assert (code, hub_cloud.faults.calls) == (6, [])
    assert "HUB_SECRET contains no secret" in errors


def test_the_secret_may_come_from_a_file(hub_client, hub_owner, url, webhooks, tmp_path):
    file = tmp_path / "secret"
    file.write_text(f"{SECRET}\n")
    arguments = ["--url", url, "--watch", f"org:{hub_owner}", "--secret-file", str(file)]
    assert main(arguments, {}, lambda endpoint: hub_client) == 0
    assert webhooks()[0].secret == SECRET
    assert main([*arguments[:-1], str(tmp_path / "nowhere")], {}, lambda endpoint: hub_client) == 6


@pytest.mark.parametrize(
    "options",
    [
        ["--url", "http://receive.example.com/hub"],
        ["--url", "https://receive.example.com/hub?secret=1"],
        ["--url", "https://user:word@receive.example.com/hub"],
        ["--url", "https:///hub"],
        ["--watch", "acme"],
        ["--watch", "model:acme"],
        ["--watch", "org:acme/a"],
        ["--watch", "space:acme/a"],
    ],
)
def test_invalid_options_are_refused_as_wrong_usage(run, options, hub_cloud):
    with pytest.raises(SystemExit) as exit_:
        run(*options)
    assert (exit_.value.code, hub_cloud.faults.calls) == (2, [])
