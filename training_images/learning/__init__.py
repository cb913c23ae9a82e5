# SPDX-License-Identifier: Apache-2.0
"""What do the images that learn with torch share: one loop, one way to keep what was learned, one way to read a model?"""
