# SPDX-License-Identifier: Apache-2.0
"""Which items count, if a policy leaves some out because they disagree with themselves from run to run?

The policy names them, as measured on what serves before there is a candidate, so they cannot be chosen after the fact.
Both sides lose the same items. They must be few; otherwise it is the suite that has to be mended.
"""

from typing import Final

from federation.core.counted import counted
from federation.core.gates.rules import Flaky
from federation.core.records import Records, quoted
from federation.errors import ContractError

ONE_IN: Final = 10
"""At most one item in this many is left out."""
_EXAMPLES: Final = 3


def steady(records: Records, suite: str, flaky: Flaky | None) -> Records:
    """The records of items that agree with themselves; all of them if the policy's items are of another suite.

    Args:
        records: The records of every item.
        suite: Digest of the suite that was run.
        flaky: What the policy leaves out.

    Raises:
        ContractError: The policy leaves out items that are not there, or too many.
    """
    if flaky is None or flaky.suite != suite:
        return records
    if absent := sorted(flaky.items.keys() - set(records.items)):
        shown = ", ".join(map(quoted, absent[:_EXAMPLES]))
        raise ContractError(
            f"the policy leaves out {counted(len(absent), 'flaky item')} that {records.what} lacks ({shown}); "
            "list only items of the suite, and ship a record for each item"
        )
    if len(flaky.items) * ONE_IN > len(records.items):
        raise ContractError(
            f"the policy leaves out {len(flaky.items):,} of {len(records.items):,} items as flaky, more than one in "
            f"{ONE_IN}; mend the suite"
        )
    return records.without(flaky.items)


def left_out(records: Records, kept: Records) -> str:
    """How many items do not count, as the end of a sentence; nothing if all do."""
    return without(len(records.items) - len(kept.items))


def without(missing: int) -> str:
    """That so many items do not count, as the end of a sentence; nothing if all do."""
    return f"; without {counted(missing, 'item')} that the policy lists as flaky" if missing else ""
