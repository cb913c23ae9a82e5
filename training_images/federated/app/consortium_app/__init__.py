# SPDX-License-Identifier: Apache-2.0
"""What Flower carries to a member: the names of the two programs, and nothing of what they do."""
