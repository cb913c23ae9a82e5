# SPDX-License-Identifier: Apache-2.0
"""What lives on the Hugging Face Hub: the registry of releases, artifacts at pinned commits, and jobs."""
