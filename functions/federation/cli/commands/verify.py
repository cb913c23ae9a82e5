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
from federation.core.counted import counted
from federation.core.digest import canonical, digest_of
from federation.errors import REFUSED, ContractError, MissingError
from federation.local.files import bytes_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Vouched:
    """What signed statements say: the summary's result, by whom, and what the subject's names are, by SHA-256.

    `faults` are the reasons why they are not enough.
    """

    release: str
    verifier: str
    when: str
    files: dict[str, str]
    faults: Sequence[str]


def verify(
    bundle: Annotated[Path, typer.Argument(help="What `federation attest --key` printed.", metavar="STATEMENTS")],
    key: Annotated[Path, typer.Option(help="The signer's public key, in PEM.", metavar="PEM")],
    files: Annotated[
        list[Path] | None, typer.Argument(help="Files that must be among those vouched for.", metavar="FILE")
    ] = None,
    release: Annotated[
        str | None,
        typer.Option(help="The release that it must be; an older one's statements are as true.", metavar="NAME"),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Check who vouches for a release, and that these are its files: signatures, results, and each file's SHA-256.

    It needs no home. Exit code 10 if a gate did not pass, or a statement or a file is not among those vouched for.
    """
    found = _vouched(_statements(bundle, key))
    strange = [str(path) for path in files or () if _sha256(path) not in found.files]
    faults = [*found.faults, *(f"{name} is none of the files that were judged" for name in strange)]
    if release not in {None, found.release}:
        faults.append(f"it is about {found.release}, and not about {release}")
    if as_json:
        told = {"release": found.release, "verifier": found.verifier, "when": found.when}
        print_json({**told, "files": found.files, "faults": faults, "verified": not faults})
    else:
        print_line(
            f"{found.release}: {'NOT ' if faults else ''}verified. {found.verifier} vouched for it on {when(found.when)}"
        )
        for fault in faults:
            print_line(f"  {fault}")
        if not faults:
            checked = f"{counted(len(files), 'file')} checked" if files else "no file given to check"
            print_line(f"  {counted(len(found.files), 'file')} vouched for; {checked}")
    if faults:
        raise typer.Exit(REFUSED)


def _statements(bundle: Path, key: Path) -> list[dict[str, Any]]:
    public = public_key_of(key)
    body = bytes_of(bundle)
    if body.lstrip().startswith(b"["):
        raise ContractError(
            f"{bundle} is one array; give the statements one a line, as `federation attest` without --json"
        )
    lines = body.rstrip().splitlines()
    whats = [f"line {number} of {bundle}" for number in range(1, len(lines) + 1)]
    return [
        statement_of(strict_json.document(line, what=what, limit=LONGEST), public, what=what)
        for line, what in zip(lines, whats, strict=True)
    ]


def _sha256(path: Path) -> str:
    """A file's SHA-256, hashed while streaming: models are larger than memory."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise MissingError(f"{path} cannot be read: {error.strerror}") from error


def _vouched(statements: Sequence[dict[str, Any]]) -> Vouched:
    """What the statements say together.

    Raises:
        MissingError: There is not one summary among them.
        ContractError: A statement lacks what its type has.
    """
    summaries = [one for one in statements if one.get("predicateType") == SUMMARY]
    if len(summaries) != 1:
        found = counted(len(summaries), "summary", "summaries")
        raise MissingError(f"{found} of a release; expected one, the last line of `federation attest`")
    results = [one for one in statements if one is not summaries[0]]
    try:
        told = summaries[0]["predicate"]
        return Vouched(
            release=told["resourceUri"].removeprefix("federation:"),
            verifier=told["verifier"]["id"],
            when=told["timeVerified"],
            files={subject["digest"]["sha256"]: subject["name"] for one in statements for subject in one["subject"]},
            faults=list(_faults(told, results)),
        )
    except (KeyError, TypeError, AttributeError) as error:
        raise ContractError(
            f"a statement is not what `federation attest` writes: {error} is not as expected"
        ) from error


def _faults(summary: dict[str, Any], results: Sequence[dict[str, Any]]) -> Iterator[str]:
    if summary["verificationResult"] != "PASSED":
        yield "its summary says that it did not pass"
    if not results:
        yield "no gate's result is among the statements"
    if others := sum(not _is_a_pass(one) for one in results):
        yield f"{counted(others, 'statement')} not of a gate that passed"
    wanted = {one["digest"]["sha256"] for one in summary["inputAttestations"]}
    given = {digest_of(canonical(one)).removeprefix("sha256:") for one in results}
    if missing := len(wanted - given):
        yield f"{counted(missing, 'statement')} that the summary rests on, missing here"
    if more := len(given - wanted):
        yield f"{counted(more, 'statement')} that the summary does not rest on"


def _is_a_pass(statement: dict[str, Any]) -> bool:
    """Whether it says that a gate passed; the same key may sign what says something else of a file."""
    return bool(statement.get("predicateType") == TEST_RESULT and statement["predicate"]["result"] == "PASSED")
