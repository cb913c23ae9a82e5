# SPDX-License-Identifier: Apache-2.0
"""How does a command reach a home, and cause something to happen there?"""
