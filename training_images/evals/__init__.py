# SPDX-License-Identifier: Apache-2.0
"""Which items measure every unit, and how is an answer scored? The canonical suite."""
