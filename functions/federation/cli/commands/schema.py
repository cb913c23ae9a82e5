# SPDX-License-Identifier: Apache-2.0
"""`federation schema`: what must a document say?"""

from typing import TYPE_CHECKING, Annotated, cast

import typer

from federation.cli.options import AsJson
from federation.cli.screen.output import print_json
from federation.core.schemas import SCHEMAS
from federation.errors import MissingError

if TYPE_CHECKING:
    from federation.core.contract import SchemaName


def schema(
    name: Annotated[
        str,
        typer.Argument(help=f"One of {', '.join(sorted(SCHEMAS))}. The version may be omitted.", metavar="SCHEMA"),
    ],
    _as_json: AsJson = False,
) -> None:
    """Print a JSON Schema."""
    from federation.core.contract import schema_of

    schema_name = next((known for known in SCHEMAS if known == name or known.partition(".")[0] == name), None)
    if schema_name is None:
        raise MissingError(f"there is no schema {name!r}; choose one of {', '.join(sorted(SCHEMAS))}")
    print_json(schema_of(cast("SchemaName", schema_name)))
