# SPDX-License-Identifier: Apache-2.0
"""The rules by which several members vote on a safety-critical answer.

The serving side counts the votes, as schemas/release.v1.json says. `majority` means a majority of all members, present
or not. With all members present, `veto` and `unanimous` are the same: one flag blocks. An absent member counts as a flag
under `unanimous`, and is ignored under `veto`. Without any vote, no answer goes out.
"""

from typing import Literal

Rule = Literal["majority", "unanimous", "veto"]
