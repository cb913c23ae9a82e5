# SPDX-License-Identifier: Apache-2.0
"""How is a person's order given, carried out and followed?"""
