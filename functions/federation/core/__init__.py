# SPDX-License-Identifier: Apache-2.0
"""What the system knows, with no way to reach anything."""
