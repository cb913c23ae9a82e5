# SPDX-License-Identifier: Apache-2.0
"""Which options do several commands share?"""

from pathlib import Path
from typing import Annotated

import typer

Folder = Annotated[
    Path | None,
    typer.Option("--folder", help="The home's folder. Default: $FEDERATION_FOLDER, else .federation.", metavar="DIR"),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Who = Annotated[str, typer.Option("--who", help="Who gives the order; it is written down.", envvar="FEDERATION_WHO")]
Why = Annotated[str, typer.Option("--why", help="Why, in a sentence for those who come after; it is written down.")]
