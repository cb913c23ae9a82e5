# SPDX-License-Identifier: Apache-2.0
"""The four gates: quality, latency, safety, compatibility. A policy is read without loading any of them."""
