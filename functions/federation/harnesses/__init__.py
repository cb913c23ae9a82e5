# SPDX-License-Identifier: Apache-2.0
"""Readers of the result files of evaluation and load-test tools, one file for each tool. They are pure, like sources."""
