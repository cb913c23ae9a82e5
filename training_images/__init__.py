# SPDX-License-Identifier: Apache-2.0
"""Code that runs where models are trained: one folder per image, and what all images share."""
