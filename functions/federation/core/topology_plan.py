# SPDX-License-Identifier: Apache-2.0
"""Ranks topologies: first those that respect data residency and survive losses, then by cost or time.

Three rules come before any number. Rows leave a site only if the site allows it. Gradients never cross clouds. A site
that nothing may leave can only be the centre that receives the other sites' rows.
"""

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any, Final, Literal

import msgspec
from msgspec.structs import replace

from federation.core.budget import money
from federation.core.policy import Preference
from federation.core.topology import LOADS, Load, Site, Task, Topology, faults
from federation.errors import ContractError

TopologyVerdict = Literal["chosen", "possible", "refused"]

_HOUR: Final = 3600
_CENT: Final = Decimal("0.01")


class RankedTopology(msgspec.Struct, frozen=True, kw_only=True):
    """One topology: its load, verdict and reason, its residency and its fault tolerance."""

    topology: Topology
    verdict: TopologyVerdict
    why: str
    load: Load
    residency: str
    fault_tolerance: str

    def document(self) -> dict[str, Any]:
        """The topology as JSON."""
        load = self.load
        return {
            "topology": self.topology,
            "verdict": self.verdict,
            "why": self.why,
            "exchanges": load.exchanges,
            "bytes_each": round(load.bytes_each),
            "busiest_link_bytes_each": round(load.busiest_each),
            "bytes": round(load.bytes),
            "hours_on_the_wire": f"{load.seconds / _HOUR:.4f}",
            "egress": money(load.egress.quantize(_CENT)),
            "unbroken": f"{load.unbroken:.4f}",
            "residency": self.residency,
            "fault_tolerance": self.fault_tolerance,
        }


def task_of(document: Any, *, what: str) -> Task:
    """The task in a document.

    Raises:
        ContractError: The document is not a task, or contradicts itself.
    """
    try:
        task = msgspec.convert(document, Task)
    except msgspec.ValidationError as error:
        raise ContractError(f"{what} is not a task for several sites", (str(error),)) from error
    if contradictions := tuple(faults(task)):
        raise ContractError(f"{what} contradicts itself", contradictions)
    return task


def rank_topologies(task: Task, preference: Preference) -> Sequence[RankedTopology]:
    """Every topology, the best first. The first one is chosen, unless all are refused."""
    candidates = sorted(
        (_assessed(topology, task, preference) for topology in LOADS),
        key=lambda candidate: _sort_key(candidate, preference),
    )
    first = candidates[0]
    if first.verdict == "refused":
        return candidates
    return (replace(first, verdict="chosen", why=_chosen_reason(candidates, preference, task)), *candidates[1:])


def size(count: float) -> str:
    """A number of bytes as text, such as "1.5 GB", in powers of 1,000."""
    for unit, factor in (("TB", 1e12), ("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if count >= factor:
            return f"{count / factor:.3g} {unit}" if count < 1000 * factor else f"{count / factor:,.0f} {unit}"
    return f"{count:.0f} B"


def duration(seconds: float) -> str:
    """A number of seconds as text, such as "2.5 hours"."""
    for unit, factor in (("days", 86_400), ("hours", 3600), ("minutes", 60)):
        if seconds >= 2 * factor:
            return f"{seconds / factor:,.1f} {unit}"
    return f"{seconds:.1f} seconds"


def _assessed(topology: Topology, task: Task, preference: Preference) -> RankedTopology:
    load = LOADS[topology](task)
    breaches = tuple(_residency_breaches(topology, task))
    refusals = (*breaches, *_excesses(load, preference))
    return RankedTopology(
        topology=topology,
        verdict="refused" if refusals else "possible",
        why="; ".join(refusals) or _summary(load, task),
        load=load,
        residency="; ".join(breaches) or _residency(topology, task),
        fault_tolerance=_fault_tolerance(topology, task, load),
    )


def _residency_breaches(topology: Topology, task: Task) -> Iterator[str]:
    """Each way in which the topology would move data that must stay."""
    if topology == "centralised":
        staying = [site.name for site in task.others if site.leaves != "rows"]
        if staying:
            yield f"the rows of {_joined(staying)} may not leave, but would go to {task.middle.name}"
        return
    sealed = [site.name for site in task.sites if site.leaves == "nothing"]
    if sealed:
        yield f"nothing may leave {_joined(sealed)}, not even model updates"
    clouds = sorted({site.cloud for site in task.sites})
    if topology != "federated" and len(clouds) > 1:
        yield f"it would send the gradients of each step between {_joined(clouds)}, and gradients never cross clouds"


def _excesses(load: Load, preference: Preference) -> Iterator[str]:
    if load.unbroken < preference.least_unbroken:
        yield (
            f"it has a {1 - load.unbroken:.0%} chance of stopping because sites are lost; the policy allows "
            f"{1 - preference.least_unbroken:.0%}"
        )
    if preference.max_hours is not None and load.seconds > preference.max_hours * _HOUR:
        yield f"it is {duration(load.seconds)} on the wire; the policy allows {preference.max_hours} hours"


def _summary(load: Load, task: Task) -> str:
    return (
        f"{size(load.bytes)} in all, {duration(load.seconds)} on the wire, "
        f"{money(load.egress.quantize(_CENT))} {task.currency} of egress"
    )


def _residency(topology: Topology, task: Task) -> str:
    if topology == "centralised":
        return f"the rows of {_joined([site.name for site in task.others])} go to {task.middle.name}, which is allowed"
    what = "models of whole rounds" if topology == "federated" else "gradients of single steps"
    return f"no row leaves its site; {what} do"


def _fault_tolerance(topology: Topology, task: Task, load: Load) -> str:
    chance = f"the chance that training is not interrupted is {load.unbroken:.0%}"
    return {
        "centralised": f"once the data has moved, only {task.middle.name} has to stay available; {chance}",
        "federated": f"a round needs {task.needed} of {len(task.sites)} sites, so some may be lost; {chance}",
        "parameter server": f"every step waits for every site and for the server at {task.middle.name}; {chance}",
        "ring all-reduce": f"every step needs every site, since each site forwards what the others sent; {chance}",
    }[topology]


def _sort_key(candidate: RankedTopology, preference: Preference) -> tuple[bool, float, float]:
    cost, time = float(candidate.load.egress), candidate.load.seconds
    return (candidate.verdict == "refused", *((cost, time) if preference.prefer == "cost" else (time, cost)))


def _chosen_reason(candidates: Sequence[RankedTopology], preference: Preference, task: Task) -> str:
    first, *others = (candidate for candidate in candidates if candidate.verdict == "possible")
    summary = _summary(first.load, task)
    if not others:
        return f"the only possible topology: {summary}"
    words: Mapping[str, str] = {"cost": "has the lowest transfer cost", "time": "has the shortest time on the wire"}
    return f"it {words[preference.prefer]} of {len(others) + 1} possible topologies: {summary}"


def _joined(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def gravity(task: Task) -> str:
    """A sentence that says which site is the centre, and how much of the data it has."""
    middle = task.middle
    whole = sum(site.bytes for site in task.sites)
    share = f"{middle.bytes / whole:.0%}" if whole else "none"
    return f"{middle.name} is the centre: it holds {share} of {size(whole)}, {_leaves_text(middle)}"


def _leaves_text(site: Site) -> str:
    return {
        "rows": "and its rows may leave",
        "updates": "and only model updates may leave",
        "nothing": "and nothing may leave",
    }[site.leaves]
