# SPDX-License-Identifier: Apache-2.0
"""The parts of a sweep: one file for each thing that polling finds."""
