# SPDX-License-Identifier: Apache-2.0
"""Where do texts, labels and models come from when there is no hub? From pinned wheels, which are read as archives."""
