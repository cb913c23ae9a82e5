# SPDX-License-Identifier: Apache-2.0
"""How do several members decide on one safety-critical answer?

Whatever serves counts the votes, as schemas/release.v1.json states. `majority` is one of all members, present or not.
`veto` and `unanimous` agree on complete ballots, where one flag blocks. They differ in what an absent member means: a flag
under `unanimous`, nothing under `veto`. Without any vote nothing goes out.
"""

from typing import Literal

Rule = Literal["majority", "unanimous", "veto"]
