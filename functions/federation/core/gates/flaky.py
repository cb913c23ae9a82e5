# SPDX-License-Identifier: Apache-2.0
"""Leaves out flaky items: those that one unit scores differently from run to run.

The policy names them. They are measured on the serving unit before there is a candidate, so nobody can choose them
afterwards. Both sides lose the same items. If there are many, the suite itself has to be fixed.
"""

from typing import Final

from federation.core.gates.rules import Flaky
from federation.core.number_text import counted
from federation.core.records import Records, quoted
from federation.errors import ContractError

ONE_IN: Final = 10
"""At most one item in this many may be left out."""
_MAX_EXAMPLES: Final = 3


def without_flaky(records: Records, suite: str, flaky: Flaky | None) -> Records:
    """The records without flaky items; all records if the policy's list belongs to another suite.

    Args:
        records: The records of every item.
        suite: Digest of the suite that was run.
        flaky: The policy's list of flaky items.

    Raises:
        ContractError: The policy lists items that the records lack, or too many items.
    """
    if flaky is None or flaky.suite != suite:
        return records
    if absent := sorted(flaky.items.keys() - set(records.items)):
        examples = ", ".join(map(quoted, absent[:_MAX_EXAMPLES]))
        raise ContractError(
            f"the policy leaves out {counted(len(absent), 'flaky item')} that {records.what} lacks ({examples}); "
            "list only items of the suite, and ship a record for each item"
        )
    if len(flaky.items) * ONE_IN > len(records.items):
        raise ContractError(
            f"the policy leaves out {len(flaky.items):,} of {len(records.items):,} items as flaky, more than one in "
            f"{ONE_IN}; fix the suite"
        )
    return records.without(flaky.items)


def left_out(records: Records, steady_records: Records) -> str:
    """A clause that says how many items were left out, or an empty text if none were."""
    return without(len(records.items) - len(steady_records.items))


def without(count: int) -> str:
    """A clause that says that `count` items were left out, or an empty text for 0."""
    return f"; without {counted(count, 'item')} that the policy lists as flaky" if count else ""
