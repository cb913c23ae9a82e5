# SPDX-License-Identifier: Apache-2.0
"""Everything on one machine: SQLite, files and child processes. The default home, and what every test runs on."""
