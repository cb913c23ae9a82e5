# SPDX-License-Identifier: Apache-2.0
"""What is every unit judged on, and how is an answer scored? The one canonical suite."""
