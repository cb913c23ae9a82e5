# SPDX-License-Identifier: Apache-2.0
"""Random histories against the twelve promises."""
