# SPDX-License-Identifier: Apache-2.0
"""`federation policy`: what does a stored policy say, as a file from which the next version is made?"""

import sys
from typing import Annotated

import typer

from federation.cli.home.opened import opened
from federation.cli.options import AsJson, Folder
from federation.cli.pages.policy_warnings import NO_EFFECT
from federation.cli.screen.output import print_json, print_line
from federation.cli.store.shelf import Shelf
from federation.core import names
from federation.core.unknown_fields import policy_field_warnings
from federation.errors import MissingError


def policy(
    version: Annotated[
        int | None, typer.Argument(help="A version. Default: the one in force.", metavar="VERSION")
    ] = None,
    folder: Folder = None,
    _as_json: AsJson = False,
) -> None:
    """Print a stored policy as JSON: the one in force, or an earlier version.

    To change it, edit the output, increase `version`, and store it with `federation init --policy`. Fields of it that have
    no effect are named on stderr.
    """
    with opened(folder) as home:
        shelf = Shelf(home.ports, home.readers)
        place = names.policy(shelf.policy().version if version is None else version)
        document = shelf.document(place)
    if document is None:
        raise MissingError(
            f"version {version} of the policy is not stored",
            hint="`federation explain policy` names the last versions.",
        )
    print_json(document)
    for warning in policy_field_warnings(document):
        print_line(f"{NO_EFFECT}: {warning}", to=sys.stderr)
