# SPDX-License-Identifier: Apache-2.0
"""What does a sweep look at? One file for each thing that polling finds."""
