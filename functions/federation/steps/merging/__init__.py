# SPDX-License-Identifier: Apache-2.0
"""What goes into a merge: which units, judged against what, and what of it was decided before?"""
