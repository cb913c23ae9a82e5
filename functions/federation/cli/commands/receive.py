# SPDX-License-Identifier: Apache-2.0
"""`federation receive`: what does the command centre do with this payload?

With --dry-run it reads one body as one entry point would, and prints one JSON object: verdict, error, completions, signal,
and the sender's HTTP response. Without --dry-run the home records it, and the object also contains under `followed` what
every step decided.
"""

import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Final

import typer
from msgspec.structs import asdict, replace

from federation.cli.failure import failure_of, tell
from federation.cli.options import WAIT_SECONDS, Folder, Wait
from federation.core.event import Event
from federation.core.number_text import counted
from federation.core.strict_json import parse
from federation.core.unknown_fields import SIMILAR, similar_name, suggestion
from federation.errors import ContractError, FederationError, MissingError
from federation.local.files import bytes_of
from federation.sources import Memory, Reading, Request, Token, Trust, read, without_repeated
from federation.sources.readers import ENTRIES
from federation.sources.trust import TRUST_KEYS

REJECTED: Final = 2
"""Exit code of a payload that is rejected, wholly or in part, and of an input file that cannot be used."""
_STDIN: Final = Path("-")
_TRUST: Final = "Name a trust document, such as events/trust.json; docs/sources.md describes it."


def receive(
    *,
    body_file: Annotated[
        Path, typer.Argument(help="The exact body, or the invocation's payload. - reads stdin.", metavar="BODY_FILE")
    ],
    entry: Annotated[str, typer.Option(help=f"The entry point: {', '.join(ENTRIES)}.", metavar="ENTRY")],
    trust: Annotated[
        Path, typer.Option(help="The trust document: a JSON object, or one with the key `policy`.", metavar="FILE")
    ],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only read and print; record nothing.")] = False,
    header: Annotated[
        list[str] | None, typer.Option(help="An HTTP header, 'Name: value'. Repeatable.", metavar="HEADER")
    ] = None,
    authenticated: Annotated[
        bool, typer.Option("--authenticated", help="Treat the sender as already verified.")
    ] = False,
    token_claims: Annotated[
        str | None, typer.Option(help="The claims of a verified bearer token, as JSON.", metavar="JSON")
    ] = None,
    token_error: Annotated[
        str | None, typer.Option(help="What is wrong with the token, such as oidc_signature.", metavar="FAULT")
    ] = None,
    after: Annotated[
        list[Path] | None, typer.Option(help="An earlier body. Repeatable, in order.", metavar="FILE")
    ] = None,
    folder: Folder = None,
    wait: Wait = WAIT_SECONDS,
    json_: Annotated[bool, typer.Option("--json", help="Print failures as JSON too; results are always JSON.")] = False,
) -> None:
    """Process one payload as the command centre would.

    Exit code 0: accepted or ignored; 2: rejected, or at least one record of a batch was rejected.
    """
    try:
        request = Request(
            entry=_entry(entry),
            body=_stdin() if body_file == _STDIN else bytes_of(body_file),
            headers=_headers(header or []),
            token=_token(token_claims, token_error),
            proven=authenticated,
        )
        trust_document = _trust(trust)
        followed: dict[str, Any] = {}
        reading = _read_after(request, trust_document, after or [])
        if not dry_run:
            reading, followed = deliver(request, trust_document, folder, wait)
    except FederationError as error:
        raise typer.Exit(tell(failure_of(error), as_json=json_)) from error
    typer.echo(json.dumps({**shown(reading), **followed}, ensure_ascii=True, indent=2))
    if reading.batch and reading.failed:
        rejected = sum(record.failed for record in reading.batch)
        typer.echo(f"federation: rejected {rejected} of {counted(len(reading.batch), 'record')}: see batch", err=True)
    raise typer.Exit(REJECTED if reading.failed else 0)


def deliver(request: Request, trust: Trust, folder: Path | None, wait: float) -> tuple[Reading, dict[str, Any]]:
    """Deliver the body to the home: the reading, and under `followed` what every step decided.

    Raises:
        FederationError: There is no home, or a step could not handle an event.
    """
    from federation.cli.clock import now
    from federation.cli.home.opened import opened
    from federation.cli.screen.decisions import decision_objects
    from federation.delivery import deliver as delivered

    with opened(folder, wait=wait) as home:
        collector = _Collector()
        reading = delivered(request, trust, replace(home.ports, bus=collector), now())
        return reading, {"followed": list(decision_objects(home.carry(*collector.events)))}


class _Collector:
    """A bus that only collects events. If this process dies, they are announced when the body is delivered again."""

    def __init__(self) -> None:
        self.events: list[Event] = []

    def announce(self, events: Sequence[Event]) -> None:
        """Collect the events."""
        self.events += events


def shown(reading: Reading) -> dict[str, Any]:
    """The reading as JSON."""
    others = [_stated_fields(asdict(completion)) for completion in reading.completions[1:]]
    document: dict[str, Any] = {
        "verdict": reading.verdict,
        "error": reading.error,
        "expect": asdict(reading.completion) if reading.completion else None,
        "signal": asdict(reading.signal) if reading.signal else None,
        "why": reading.why,
        "respond": reading.respond,
        "park": reading.park,
    }
    if reading.message_id is not None:
        document["message_id"] = reading.message_id
    if others and reading.batch is None:
        document["also"] = others
    if reading.batch is not None:
        document["batch"] = [shown(record) for record in reading.batch]
        document["batchItemFailures"] = [{"itemIdentifier": name} for name in reading.batch_item_failures]
    return document


def _stated_fields(fields: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in fields.items() if value is not None}


def _read_after(request: Request, trust: Trust, before: list[Path]) -> Reading:
    memory = Memory()
    for path in before:
        earlier = Request(
            entry=request.entry,
            body=bytes_of(path),
            headers=request.headers,
            token=request.token,
            proven=request.proven,
        )
        _, memory = without_repeated(read(earlier, trust), memory)
    return without_repeated(read(request, trust), memory)[0]


def _entry(name: str) -> str:
    if name not in ENTRIES:
        raise ContractError(
            f"{name!r} is not an entry point",
            (f"choose one of {', '.join(ENTRIES)}",),
            hint="docs/sources.md lists them.",
        )
    return name


def _stdin() -> bytes:
    try:
        with os.fdopen(0, "rb", closefd=False) as stdin:
            return stdin.read()
    except OSError as error:
        raise MissingError(
            f"stdin cannot be read: {error.strerror}", hint="Name a file that contains the body."
        ) from error


def _headers(lines: list[str]) -> dict[str, str]:
    pairs = [line.partition(":") for line in lines]
    faults = tuple(f"{line!r}: write 'Name: value'" for line, pair in zip(lines, pairs, strict=True) if not pair[1])
    if faults:
        raise ContractError("a header cannot be read", faults, hint="")
    return {name.strip(): value.strip() for name, _, value in pairs}


def _token(claims: str | None, failure: str | None) -> Token | None:
    if failure is not None:
        return Token(failure=failure)
    if claims is None:
        return None
    document = parse(claims.encode(), what="--token-claims").value
    if not isinstance(document, dict):
        raise ContractError("--token-claims is not a JSON object")
    return Token(claims=document)


def _trust(path: Path) -> Trust:
    try:
        document = parse(bytes_of(path), what=str(path)).value
    except ContractError as error:
        raise ContractError(error.what, hint=_TRUST) from error
    if isinstance(document, dict) and isinstance(document.get("policy"), dict):
        document = document["policy"]
    trust = Trust.read(document)
    for key in sorted(set(document).difference(TRUST_KEYS)):
        meant = suggestion(similar_name(key, TRUST_KEYS, SIMILAR))
        typer.echo(f"federation: `{key}` in {path} is not a key of a trust document and has no effect{meant}", err=True)
    return trust
