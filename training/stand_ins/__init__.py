# SPDX-License-Identifier: Apache-2.0
"""Small models on handwritten digits that stand in for what the three platforms train."""
