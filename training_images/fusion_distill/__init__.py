# SPDX-License-Identifier: Apache-2.0
"""The fusion-distill image: one student learns from several teachers. `fuse` requests it for a release that is slow."""
