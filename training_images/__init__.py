# SPDX-License-Identifier: Apache-2.0
"""What runs where models are trained: one folder an image, and what all of them share."""
