# SPDX-License-Identifier: Apache-2.0
"""Code that the images which train with torch share: the training loop, checkpoints, adapters, base models."""
