# SPDX-License-Identifier: Apache-2.0
"""A home on one machine: SQLite, files and child processes. It is the default home, and most tests use it."""
