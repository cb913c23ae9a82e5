# SPDX-License-Identifier: Apache-2.0
"""The base of every training image: reads the job, finds folders, ships the unit, reports a failure."""
