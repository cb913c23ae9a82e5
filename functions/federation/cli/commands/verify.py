# SPDX-License-Identifier: Apache-2.0
"""`federation verify`: does somebody's signature say that these files passed the gates?"""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer

from federation.cli.files.signed import LONGEST, public_key_of, statement_of
from federation.cli.options import AsJson
from federation.cli.screen.output import print_json, print_line, when
from federation.core import strict_json
from federation.core.attestation import SUMMARY, TEST_RESULT
from federation.core.digest import canonical, digest_of
from federation.core.number_text import counted
from federation.errors import REFUSED, ContractError, MissingError
from federation.local.files import bytes_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Vouched:
    """What signed statements say: the release, who vouches for it, when, and its files' names by their SHA-256.

    `faults` are the reasons why the statements are not enough.
    """

    release: str
    verifier: str
    when: str
    files: dict[str, str]
    faults: Sequence[str]


def verify(
    bundle: Annotated[Path, typer.Argument(help="The output of `federation attest --key`.", metavar="STATEMENTS")],
    key: Annotated[Path, typer.Option(help="The signer's public key, in PEM.", metavar="PEM")],
    files: Annotated[
        list[Path] | None, typer.Argument(help="Files that must be covered by the statements.", metavar="FILE")
    ] = None,
    release: Annotated[
        str | None,
        typer.Option(help="The expected release; an older release's statements are valid too.", metavar="NAME"),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Verify a release's signed statements and its files: signatures, gate results, and each file's SHA-256.

    Needs no home. Exit code 10 if a gate did not pass, a statement is missing or extra, or a file is not covered.
    """
    vouched = _vouched_for(_statements(bundle, key))
    unknown = [str(path) for path in files or () if _sha256(path) not in vouched.files]
    faults = [*vouched.faults, *(f"{name} is not one of the files that were tested" for name in unknown)]
    if release not in {None, vouched.release}:
        faults.append(f"the statements are about {vouched.release}, not {release}")
    if as_json:
        summary = {"release": vouched.release, "verifier": vouched.verifier, "when": vouched.when}
        print_json({**summary, "files": vouched.files, "faults": faults, "verified": not faults})
    else:
        print_line(
            f"{vouched.release}: {'NOT ' if faults else ''}verified. "
            f"Attested by {vouched.verifier} on {when(vouched.when)}."
        )
        for fault in faults:
            print_line(f"  {fault}")
        if not faults:
            checked = f"{counted(len(files), 'file')} checked" if files else "no file was given to check"
            print_line(f"  {counted(len(vouched.files), 'file')} covered; {checked}")
    if faults:
        raise typer.Exit(REFUSED)


def _statements(bundle: Path, key: Path) -> list[dict[str, Any]]:
    public = public_key_of(key)
    body = bytes_of(bundle)
    if body.lstrip().startswith(b"["):
        raise ContractError(
            f"{bundle} is one array; expected one statement per line, as printed by `federation attest` without --json"
        )
    lines = body.rstrip().splitlines()
    whats = [f"line {number} of {bundle}" for number in range(1, len(lines) + 1)]
    return [
        statement_of(strict_json.document(line, what=what, limit=LONGEST), public, what=what)
        for line, what in zip(lines, whats, strict=True)
    ]


def _sha256(path: Path) -> str:
    """A file's SHA-256. It is read as a stream, because a model may be larger than memory."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise MissingError(f"{path} cannot be read: {error.strerror}") from error


def _vouched_for(statements: Sequence[dict[str, Any]]) -> Vouched:
    """What the statements say together.

    Raises:
        MissingError: There is not exactly one summary.
        ContractError: A statement lacks a member of its type.
    """
    summaries = [statement for statement in statements if statement.get("predicateType") == SUMMARY]
    if len(summaries) != 1:
        count = counted(len(summaries), "summary", "summaries")
        raise MissingError(f"{count} of a release; expected one, the last line of `federation attest`")
    results = [statement for statement in statements if statement is not summaries[0]]
    try:
        predicate = summaries[0]["predicate"]
        return Vouched(
            release=predicate["resourceUri"].removeprefix("federation:"),
            verifier=predicate["verifier"]["id"],
            when=predicate["timeVerified"],
            files={
                subject["digest"]["sha256"]: subject["name"]
                for statement in statements
                for subject in statement["subject"]
            },
            faults=list(_faults(predicate, results)),
        )
    except (KeyError, TypeError, AttributeError) as error:
        raise ContractError(
            f"a statement is not in the form that `federation attest` writes: {error} is not as expected"
        ) from error


def _faults(summary: dict[str, Any], results: Sequence[dict[str, Any]]) -> Iterator[str]:
    if summary["verificationResult"] != "PASSED":
        yield "the summary says that the release did not pass"
    if not results:
        yield "the statements contain no gate results"
    if others := sum(not _is_a_pass(statement) for statement in results):
        yield f"{counted(others, 'statement')} not about a gate that passed"
    wanted = {statement["digest"]["sha256"] for statement in summary["inputAttestations"]}
    given = {digest_of(canonical(statement)).removeprefix("sha256:") for statement in results}
    if missing := len(wanted - given):
        yield f"{counted(missing, 'statement')} missing that the summary lists"
    if more := len(given - wanted):
        yield f"{counted(more, 'statement')} that the summary does not list"


def _is_a_pass(statement: dict[str, Any]) -> bool:
    """Whether the statement says that a gate passed. The same key may have signed other statements."""
    return bool(statement.get("predicateType") == TEST_RESULT and statement["predicate"]["result"] == "PASSED")
