# SPDX-License-Identifier: Apache-2.0
"""Reads the files that a person names."""
