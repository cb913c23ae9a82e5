# SPDX-License-Identifier: Apache-2.0
"""What every training image is built on: reading the order, finding folders, shipping a unit, reporting a failure."""
