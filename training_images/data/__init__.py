# SPDX-License-Identifier: Apache-2.0
"""Where do texts, labels and models come from when there is no hub? Out of pinned wheels, read as archives."""
