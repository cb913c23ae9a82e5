# SPDX-License-Identifier: Apache-2.0
"""Have the Hub report pushes to us: create our webhook, mend it, or leave it as it is.

    python infra/hub/webhook.py --url https://receive.example.com/hub --watch org:acme --secret-env HUB_SECRET

There is one webhook per URL: run this as often as you like. A webhook that the Hub suspended after failed deliveries is
enabled again. The token comes from HF_TOKEN or `hf auth login`; webhooks belong to its user. The secret is read from an
environment variable or a file and is never printed.

Exit codes: 0 the webhook is as asked (with --dry-run: prints what would be done), 2 wrong usage, 4 several webhooks have
this URL, 5 the Hub failed, 6 no usable secret.
"""

import argparse
import json
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from federation.errors import ConflictError, FederationError, SettingsError
from federation.hub.calls import service_call
from federation.hub.clients import client

DOMAINS = ["repo"]
"""Discussions are not watched: they do not concern this project."""

KINDS = ("org", "user", "model", "dataset")
_LOOPBACK = ("127.0.0.1", "localhost", "::1")


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """The webhook as it should be."""

    url: str
    watched: Sequence[Mapping[str, str]]
    secret: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """The webhook's id (None if it would be created), and what was done or would be done."""

    id: str | None
    did: Sequence[str]


def main(
    arguments: Sequence[str] | None = None,
    environment: Mapping[str, str] = os.environ,
    api: Callable[[str | None], Any] = client,
) -> int:
    """Parse the arguments and settle the webhook; return the exit code."""
    given = _parser().parse_args(arguments)
    try:
        wanted = Wanted(url=given.url, watched=given.watch, secret=_secret(given, environment))
        done = settle(api(given.endpoint), wanted, dry_run=given.dry_run)
    except FederationError as error:
        sys.stderr.write("\n".join(filter(None, (str(error), error.hint))) + "\n")
        return error.exit_code
    sys.stdout.write(_told(wanted, done, given) + "\n")
    return 0


def settle(api: Any, wanted: Wanted, *, dry_run: bool) -> Done:
    """Create, update or enable the webhook of this URL, as needed.

    Raises:
        ConflictError: Several webhooks have this URL.
        ServiceError: The Hub refuses or does not answer.
    """
    with service_call("listing the webhooks"):
        found = [one for one in api.list_webhooks() if one.url == wanted.url]
    if len(found) > 1:
        ids = ", ".join(one.id for one in found)
        raise ConflictError(
            f"several webhooks deliver to {wanted.url}: {ids}",
            hint="Delete all but one of them in the Hub's settings, under Webhooks, and run this again.",
        )
    steps = _steps(found[0] if found else None, wanted)
    id_ = found[0].id if found else None
    for step in () if dry_run else steps:
        id_ = _take(api, step, id_, wanted)
    return Done(id=id_, did=steps)


def _steps(found: Any | None, wanted: Wanted) -> Sequence[str]:
    if found is None:
        return ["create"]
    watched = {(one.type, one.name) for one in found.watched}
    same = watched == {(one["type"], one["name"]) for one in wanted.watched}
    same = same and set(found.domains) == set(DOMAINS) and found.secret == wanted.secret
    return [*([] if same else ["update"]), *(["enable"] if found.disabled else [])]


def _take(api: Any, step: str, id_: str | None, wanted: Wanted) -> str:
    watched = [dict(one) for one in wanted.watched]
    with service_call(f"the request to {step} the webhook of {wanted.url}"):
        match step:
            case "create":
                made = api.create_webhook(url=wanted.url, watched=watched, domains=DOMAINS, secret=wanted.secret)
            case "update":
                made = api.update_webhook(id_, url=wanted.url, watched=watched, domains=DOMAINS, secret=wanted.secret)
            case _:
                made = api.enable_webhook(id_)
    return str(made.id)


def _secret(given: argparse.Namespace, environment: Mapping[str, str]) -> str:
    """The secret that the Hub sends to us in each delivery."""
    source = given.secret_file or given.secret_env
    try:
        secret = given.secret_file.read_text("utf-8").strip() if given.secret_file else environment.get(source, "")
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"the secret cannot be read from {source}: {error}") from error
    if not secret or not secret.isascii() or not secret.isprintable():
        raise SettingsError(f"{source} contains no secret: it must be text of printable ASCII characters")
    return str(secret)


def _told(wanted: Wanted, done: Done, given: argparse.Namespace) -> str:
    if given.json:
        about = {"url": wanted.url, "watched": list(wanted.watched), "domains": DOMAINS}
        return json.dumps({"id": done.id, "did": list(done.did), "dry_run": given.dry_run, **about})
    verb = "would " if given.dry_run else ""
    return f"{wanted.url}: {verb}{', '.join(done.did)}" if done.did else f"{wanted.url}: as it should be"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="webhook.py", description=(__doc__ or "").split("\n\n", 1)[0])
    parser.add_argument("--url", required=True, type=_url, help="the URL at which `receive` takes what the Hub sends")
    parser.add_argument("--watch", required=True, action="append", type=_watched, help=f"KIND:NAME; {', '.join(KINDS)}")
    secret = parser.add_mutually_exclusive_group(required=True)
    secret.add_argument("--secret-env", metavar="NAME", help="environment variable with the secret")
    secret.add_argument("--secret-file", metavar="PATH", type=Path, help="file with the secret")
    parser.add_argument("--endpoint", help="the address of a Hub other than the one in HF_ENDPOINT")
    parser.add_argument("--dry-run", action="store_true", help="print what would be done, and do nothing")
    parser.add_argument("--json", action="store_true", help="print JSON")
    return parser


def _url(text: str) -> str:
    parts = urlsplit(text)
    if not (parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in _LOOPBACK)) or not parts.hostname:
        raise argparse.ArgumentTypeError(f"{text!r} is not https; the secret travels in a header")
    if parts.query or parts.fragment or parts.username or parts.password:
        raise argparse.ArgumentTypeError(f"{text!r} has a query, a fragment or a user; secrets belong in --secret-env")
    return text


def _watched(text: str) -> Mapping[str, str]:
    kind, _, name = text.partition(":")
    slashes = 1 if kind in {"model", "dataset"} else 0
    if kind not in KINDS or not name or name.count("/") != slashes:
        raise argparse.ArgumentTypeError(f"{text!r} is not KIND:NAME, such as org:acme or model:acme/textgen-lora")
    return {"type": kind, "name": name}


if __name__ == "__main__":
    sys.exit(main())
