# SPDX-License-Identifier: Apache-2.0
"""What every training image is built on: what was asked, where things lie, how a unit is shipped and a failure told."""
