# SPDX-License-Identifier: Apache-2.0
"""On what is every unit judged, and how is an answer scored? The one canonical suite."""
