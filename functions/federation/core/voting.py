# SPDX-License-Identifier: Apache-2.0
"""How do several members decide on one safety-critical answer?

The serving side counts the votes, as schemas/release.v1.json states. `majority` means a majority of all members,
present or not. With all members present, `veto` and `unanimous` are the same: one flag blocks. An absent member counts
as a flag under `unanimous`, and does not count under `veto`. Without any vote nothing goes out.
"""

from typing import Literal

Rule = Literal["majority", "unanimous", "veto"]
