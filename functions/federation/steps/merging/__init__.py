# SPDX-License-Identifier: Apache-2.0
"""The parts of a merge: which units, judged against what, and what an earlier delivery decided."""
