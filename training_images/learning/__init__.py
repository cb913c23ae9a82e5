# SPDX-License-Identifier: Apache-2.0
"""What do the images that learn with torch share? One training loop, one way to save, one way to read a model."""
