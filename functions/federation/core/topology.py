# SPDX-License-Identifier: Apache-2.0
"""What does each of four topologies send between sites that train one model: how many bytes, how long, at what cost?

- centralised: every site's data moves once, to one site that trains alone.
- federated: each round, every member gets the model and gives it back: 2 x model x members a round (McMahan et al. 2017,
  arXiv:1602.05629).
- parameter server: each step, every worker gets the weights and gives its gradients: 2 x model x workers at the server
  (Li et al. 2014, OSDI).
- ring all-reduce: each step, every worker sends and receives 2 (n - 1) / n x model, in 2 (n - 1) stages that each take as
  long as the slowest link (Patarasuk and Yuan 2009, doi:10.1016/j.jpdc.2008.09.002).
"""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Annotated, Final, Literal

import msgspec

Topology = Literal["centralised", "federated", "parameter server", "ring all-reduce"]
Leaves = Literal["rows", "updates", "nothing"]

Count = Annotated[int, msgspec.Meta(ge=1)]
Amount = Annotated[int, msgspec.Meta(ge=0)]
_BITS: Final = 8
_MEGA: Final = 1_000_000
_GB: Final = 1_000_000_000
_MS: Final = 1_000
_OWN: Final = "on-premises"


class Site(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A participant: data, and a machine next to it.

    Args:
        name: The name that people use.
        platform: The cloud, or `on-premises`.
        region: Region of that platform; sending within a region costs nothing. On premises, each region is one owner.
        rows: Rows of its data.
        bytes: Bytes of its data.
        leaves: What may leave it: its rows, only what was learnt from many of them, or nothing.
        latency_ms: One-way latency to the other sites.
        mbps: Megabits a second of its link, each way.
        egress_per_gb: What it costs to send 10^9 bytes to another region.
        reliability: The probability, in 0..1, that it is available throughout one round.
    """

    name: str
    platform: str
    region: str
    rows: Amount
    bytes: Amount
    leaves: Leaves
    latency_ms: Amount
    mbps: Count
    egress_per_gb: Decimal = Decimal()
    reliability: Decimal = Decimal(1)

    def seconds(self, size: float) -> float:
        """Seconds to send or receive that many bytes over its own link."""
        return size * _BITS / (self.mbps * _MEGA)

    @property
    def latency(self) -> float:
        """One-way latency in seconds."""
        return self.latency_ms / _MS

    @property
    def cloud(self) -> str:
        """Who owns the machines: on-premises sites of different regions belong to different owners."""
        return f"{self.platform} in {self.region}" if self.platform == _OWN else self.platform

    def near(self, other: "Site") -> bool:
        """Whether what goes from one to the other stays in one region."""
        return (self.platform, self.region) == (other.platform, other.region)


class Task(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is to be trained, and by whom; `steps` matters only to the two topologies that exchange at each step.

    Args:
        sites: The sites, at least two.
        model_bytes: Bytes of the weights that are exchanged; of an adapter, only the adapter's.
        rounds: Rounds of federated learning; for every topology, also the periods over which `reliability` compounds.
        steps: Steps of the optimiser.
        currency: Currency of every price.
        centre: Name of the site where data, server or coordinator are; if not stated, it is chosen as `middle` says.
        quorum: Members whose answers make a round; more than half if not stated.
    """

    sites: Annotated[Sequence[Site], msgspec.Meta(min_length=2)]
    model_bytes: Count
    rounds: Count
    steps: Count
    currency: str = "USD"
    centre: str | None = None
    quorum: Count | None = None

    @property
    def middle(self) -> Site:
        """The central site: the one stated, else of those whose data may leave least, the one with the most bytes."""
        if self.centre is not None:
            return next(site for site in self.sites if site.name == self.centre)
        return max(self.sites, key=lambda site: (_ORDER[site.leaves], site.bytes))

    @property
    def needed(self) -> int:
        """Members whose answers make a round."""
        return self.quorum or len(self.sites) // 2 + 1

    @property
    def others(self) -> Sequence[Site]:
        """Every site but the centre."""
        return [site for site in self.sites if site.name != self.middle.name]


_ORDER: Final[Mapping[Leaves, int]] = {"rows": 0, "updates": 1, "nothing": 2}


class Load(msgspec.Struct, frozen=True, kw_only=True):
    """What a topology sends over the network.

    Args:
        exchanges: Number of exchanges: one, one a round, or one a step.
        bytes_each: Bytes over all links at each exchange.
        busiest_each: Bytes through the busiest site's link at each exchange.
        seconds: Time on the wire over all exchanges; computing comes on top.
        egress: What sending costs.
        unbroken: The probability that no loss of a site stops it or makes it wait.
    """

    exchanges: int
    bytes_each: float
    busiest_each: float
    seconds: float
    egress: Decimal
    unbroken: float

    @property
    def bytes(self) -> float:
        """Bytes over all links and exchanges."""
        return self.bytes_each * self.exchanges


def centralised(task: Task) -> Load:
    """All sites send all their data at once; the centre receives it over one link."""
    moved = float(sum(site.bytes for site in task.others))
    slowest = max((site.latency + site.seconds(site.bytes) for site in task.others if site.bytes), default=0.0)
    return Load(
        exchanges=1,
        bytes_each=moved,
        busiest_each=moved,
        seconds=max(slowest, task.middle.seconds(moved)),
        egress=sum((_price(site, task.middle, site.bytes) for site in task.others), Decimal()),
        unbroken=float(task.middle.reliability) ** task.rounds,
    )


def federated(task: Task) -> Load:
    """Each member gets the model and gives it back, each round; a round needs only a quorum of them."""
    members = [float(site.reliability) for site in task.sites]
    return _starred(task, task.rounds, at_least(task.needed, members) ** task.rounds)


def parameter_server(task: Task) -> Load:
    """As `federated`, but at each step, and each step waits for every worker."""
    return _starred(task, task.steps, _all_there(task))


def ring(task: Task) -> Load:
    """Sites of one region stand side by side in the ring; every stage takes as long as the slowest link."""
    count, size = len(task.sites), task.model_bytes
    each = 2 * (count - 1) / count * size
    slowest = max(site.latency + site.seconds(size / count) for site in task.sites)
    around = sorted(task.sites, key=lambda site: (site.platform, site.region, site.name))
    pairs = zip(around, (*around[1:], around[0]), strict=True)
    return Load(
        exchanges=task.steps,
        bytes_each=each * count,
        busiest_each=2 * each,
        seconds=task.steps * 2 * (count - 1) * slowest,
        egress=sum((_price(site, following, each) for site, following in pairs), Decimal()) * task.steps,
        unbroken=_all_there(task),
    )


LOADS: Final[Mapping[Topology, Callable[[Task], Load]]] = {
    "centralised": centralised,
    "federated": federated,
    "parameter server": parameter_server,
    "ring all-reduce": ring,
}


def at_least(needed: int, chances: Sequence[float]) -> float:
    """The probability that at least `needed` of independent events with these chances occur (Poisson binomial; exact)."""
    counts = [1.0]
    for chance in chances:
        grown = [*counts, 0.0]
        counts = [
            grown[number] * (1 - chance) + (counts[number - 1] * chance if number else 0.0)
            for number in range(len(grown))
        ]
    return min(1.0, sum(counts[needed:]))


def faults(task: Task) -> Iterator[str]:
    """What is wrong with a task, each with its path."""
    named = [site.name for site in task.sites]
    for name in sorted({name for name in named if named.count(name) > 1}):
        yield f"$.sites: {name} is listed more than once; give each site its own name"
    if task.centre is not None and task.centre not in named:
        yield f"$.centre: {task.centre} is not a site; name one of {', '.join(named)}"
    if task.needed > len(task.sites):
        yield f"$.quorum: {task.needed} of {len(task.sites)} sites can never answer"
    for site in task.sites:
        if not (site.reliability.is_finite() and 0 < site.reliability <= 1):
            yield f"$.sites: the reliability of {site.name} is {site.reliability}; expected more than 0 and at most 1"
        if not (site.egress_per_gb.is_finite() and site.egress_per_gb >= 0):
            yield f"$.sites: sending from {site.name} costs {site.egress_per_gb}; expected 0 or more"


def _starred(task: Task, exchanges: int, unbroken: float) -> Load:
    """The load of a star: every site exchanges the model with a server beside the central site, over that site's link."""
    size, count, middle = task.model_bytes, len(task.sites), task.middle
    busiest = 2.0 * size * count
    slowest = max(2 * (site.latency + site.seconds(size)) for site in task.sites)
    there = sum((_price(site, middle, size) for site in task.sites), Decimal())
    back = sum((_price(middle, site, size) for site in task.sites), Decimal())
    return Load(
        exchanges=exchanges,
        bytes_each=busiest,
        busiest_each=busiest,
        seconds=exchanges * max(slowest, middle.seconds(busiest)),
        egress=(there + back) * exchanges,
        unbroken=unbroken,
    )


def _all_there(task: Task) -> float:
    return math.prod(float(site.reliability) for site in task.sites) ** task.rounds


def _price(sender: Site, receiver: Site, size: float) -> Decimal:
    return Decimal() if sender.near(receiver) else sender.egress_per_gb * Decimal(size) / _GB
