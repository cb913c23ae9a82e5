# SPDX-License-Identifier: Apache-2.0
"""What do four training topologies send between sites: how many bytes, how long, at what cost?

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
        """The seconds to send or receive this many bytes over the site's link."""
        return size * _BITS / (self.mbps * _MEGA)

    @property
    def latency(self) -> float:
        """One-way latency in seconds."""
        return self.latency_ms / _MS

    @property
    def cloud(self) -> str:
        """The owner of the machines. On-premises sites of different regions have different owners."""
        return f"{self.platform} in {self.region}" if self.platform == _OWN else self.platform

    def near(self, other: "Site") -> bool:
        """Whether both sites are in one region."""
        return (self.platform, self.region) == (other.platform, other.region)


class Task(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A model to train, and the sites. `steps` matters only for the two topologies that exchange at each step.

    Args:
        sites: The sites, at least two.
        model_bytes: Bytes of the weights that are exchanged; of an adapter, only the adapter's.
        rounds: Rounds of federated learning; for every topology, also the periods over which `reliability` compounds.
        steps: Steps of the optimiser.
        currency: Currency of every price.
        centre: Name of the site with the data, server or coordinator; None to choose it as in `middle`.
        quorum: Members needed for a round; None for more than half.
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
        """The central site: `centre`, else the largest of the sites whose data is most restricted."""
        if self.centre is not None:
            return next(site for site in self.sites if site.name == self.centre)
        return max(self.sites, key=lambda site: (_ORDER[site.leaves], site.bytes))

    @property
    def needed(self) -> int:
        """The members needed for a round."""
        return self.quorum or len(self.sites) // 2 + 1

    @property
    def others(self) -> Sequence[Site]:
        """Every site except the centre."""
        return [site for site in self.sites if site.name != self.middle.name]


_ORDER: Final[Mapping[Leaves, int]] = {"rows": 0, "updates": 1, "nothing": 2}


class Load(msgspec.Struct, frozen=True, kw_only=True):
    """What a topology sends over the network.

    Args:
        exchanges: Number of exchanges: one, one a round, or one a step.
        bytes_each: Bytes over all links at each exchange.
        busiest_each: Bytes through the busiest site's link at each exchange.
        seconds: Transfer time over all exchanges, without computing.
        egress: What sending costs.
        unbroken: The probability that no lost site stops it or makes it wait.
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
    """All sites send all their data at once, and the centre receives it over one link."""
    total = float(sum(site.bytes for site in task.others))
    slowest = max((site.latency + site.seconds(site.bytes) for site in task.others if site.bytes), default=0.0)
    return Load(
        exchanges=1,
        bytes_each=total,
        busiest_each=total,
        seconds=max(slowest, task.middle.seconds(total)),
        egress=sum((_egress_cost(site, task.middle, site.bytes) for site in task.others), Decimal()),
        unbroken=float(task.middle.reliability) ** task.rounds,
    )


def federated(task: Task) -> Load:
    """In each round every member receives the model and returns it. A round needs only a quorum."""
    members = [float(site.reliability) for site in task.sites]
    return _star_load(task, task.rounds, at_least(task.needed, members) ** task.rounds)


def parameter_server(task: Task) -> Load:
    """As `federated`, but at each step, and every step waits for every worker."""
    return _star_load(task, task.steps, _all_available(task))


def ring(task: Task) -> Load:
    """Sites of one region are neighbours in the ring. Every stage takes as long as the slowest link."""
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
        egress=sum((_egress_cost(site, following, each) for site, following in pairs), Decimal()) * task.steps,
        unbroken=_all_available(task),
    )


LOADS: Final[Mapping[Topology, Callable[[Task], Load]]] = {
    "centralised": centralised,
    "federated": federated,
    "parameter server": parameter_server,
    "ring all-reduce": ring,
}


def at_least(needed: int, chances: Sequence[float]) -> float:
    """The exact probability that at least `needed` of these independent events occur (Poisson binomial)."""
    counts = [1.0]
    for chance in chances:
        extended = [*counts, 0.0]
        counts = [
            extended[number] * (1 - chance) + (counts[number - 1] * chance if number else 0.0)
            for number in range(len(extended))
        ]
    return min(1.0, sum(counts[needed:]))


def faults(task: Task) -> Iterator[str]:
    """The faults of a task, each with its path."""
    names = [site.name for site in task.sites]
    for name in sorted({name for name in names if names.count(name) > 1}):
        yield f"$.sites: {name} is listed more than once; give each site its own name"
    if task.centre is not None and task.centre not in names:
        yield f"$.centre: {task.centre} is not a site; name one of {', '.join(names)}"
    if task.needed > len(task.sites):
        yield f"$.quorum: {task.needed} of {len(task.sites)} sites can never answer"
    for site in task.sites:
        if not (site.reliability.is_finite() and 0 < site.reliability <= 1):
            yield f"$.sites: the reliability of {site.name} is {site.reliability}; expected more than 0 and at most 1"
        if not (site.egress_per_gb.is_finite() and site.egress_per_gb >= 0):
            yield f"$.sites: sending from {site.name} costs {site.egress_per_gb}; expected 0 or more"


def _star_load(task: Task, exchanges: int, unbroken: float) -> Load:
    """The load of a star: every site exchanges the model with a server at the central site."""
    size, count, middle = task.model_bytes, len(task.sites), task.middle
    busiest = 2.0 * size * count
    slowest = max(2 * (site.latency + site.seconds(size)) for site in task.sites)
    there = sum((_egress_cost(site, middle, size) for site in task.sites), Decimal())
    back = sum((_egress_cost(middle, site, size) for site in task.sites), Decimal())
    return Load(
        exchanges=exchanges,
        bytes_each=busiest,
        busiest_each=busiest,
        seconds=exchanges * max(slowest, middle.seconds(busiest)),
        egress=(there + back) * exchanges,
        unbroken=unbroken,
    )


def _all_available(task: Task) -> float:
    return math.prod(float(site.reliability) for site in task.sites) ** task.rounds


def _egress_cost(sender: Site, receiver: Site, size: float) -> Decimal:
    return Decimal() if sender.near(receiver) else sender.egress_per_gb * Decimal(size) / _GB
