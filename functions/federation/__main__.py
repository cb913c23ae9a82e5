# SPDX-License-Identifier: Apache-2.0
"""`python -m federation` is the `federation` command."""

from federation.cli import main

if __name__ == "__main__":
    main()
