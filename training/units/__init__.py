# SPDX-License-Identifier: Apache-2.0
"""How are the example units made? By the training images themselves, as jobs on this machine."""
