# SPDX-License-Identifier: Apache-2.0
"""How is an answer put on a screen, or into a pipe?"""
