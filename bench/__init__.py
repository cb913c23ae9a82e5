# SPDX-License-Identifier: Apache-2.0
"""Is it fast and small enough? One file a question; `run.py` asks them all."""
