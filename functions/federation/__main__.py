# SPDX-License-Identifier: Apache-2.0
"""`python -m federation` is the `federation` command."""

import sys


def main() -> None:
    """Run it; whoever presses ^C while it is imported is met without a traceback, too."""
    try:
        from federation.cli import main as federation  # noqa: PLC0415 - see above
    except KeyboardInterrupt:
        sys.exit(130)
    federation()


if __name__ == "__main__":
    main()
