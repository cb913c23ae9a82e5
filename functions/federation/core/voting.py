# SPDX-License-Identifier: Apache-2.0
"""How do several members decide on one safety-critical answer?

Whatever serves counts the votes, as the release states: `veto` and `unanimous` agree on complete ballots, where one flag
blocks. They differ in what an absent member means: a flag under `unanimous`, nothing under `veto`.
"""

from typing import Literal

Rule = Literal["majority", "unanimous", "veto"]
