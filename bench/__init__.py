# SPDX-License-Identifier: Apache-2.0
"""Is it fast and small enough? Each file answers one question, and `run.py` asks them all."""
