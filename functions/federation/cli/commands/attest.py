# SPDX-License-Identifier: Apache-2.0
"""`federation attest`: what did the gates find about a release, as statements that anyone can check?"""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from federation.cli.files.signed import envelope, signer_of
from federation.cli.home.opened import opened
from federation.cli.options import AsJson, Folder
from federation.cli.screen.output import as_text, print_json
from federation.cli.store.inventory import report_of
from federation.cli.store.lookup import release_of
from federation.cli.store.shelf import Shelf
from federation.core.attestation import statements
from federation.errors import MissingError


def attest(
    release: Annotated[str, typer.Argument(help="A release's name.", metavar="RELEASE")],
    key: Annotated[
        Path | None, typer.Option(help="The private key, in PEM, that signs each statement.", metavar="PEM")
    ] = None,
    verifier: Annotated[
        str | None,
        typer.Option(help="The URI of the verifier. Default: federation:ORGANISATION.", metavar="URI"),
    ] = None,
    folder: Folder = None,
    as_json: AsJson = False,
) -> None:
    """Print the gates' findings about a release as in-toto statements.

    One statement per line: the test result of each gate of each unit, then a verification summary. With a key, each is
    signed as a DSSE envelope. `federation verify` and other in-toto tools can verify them. With --json they are one array.
    """
    signer = signer_of(key) if key else None
    with opened(folder) as home:
        shelf = Shelf(home.ports, home.readers)
        document = shelf.release(release_of(shelf, release))
        reports = {kind: _report(shelf, kind, unit) for kind, unit in document["units"].items()}
        by = verifier or f"federation:{shelf.policy().org}"
    lines = [envelope(statement, signer) if signer else statement for statement in statements(document, reports, by)]
    if as_json:
        print_json(lines)
    else:
        print("\n".join(map(as_text, lines)))


def _report(shelf: Shelf, kind: str, unit: Mapping[str, Any]) -> Mapping[str, Any]:
    report = report_of(shelf, kind, unit)
    if report is None:
        raise MissingError(f"the report {unit['report']} that admitted {unit['name']} is not in this home")
    return report[1]
