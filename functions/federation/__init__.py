# SPDX-License-Identifier: Apache-2.0
"""Federation: the command centre for models trained on several clouds."""

__version__ = "0.1.0"
