# SPDX-License-Identifier: Apache-2.0
"""The price of a machine, by one versioned table, which every unit with a cost names."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from importlib.resources import files
from typing import Final

import msgspec

from training_images.job.errors import ConfigError

UNKNOWN: Final = "unknown"
"""The machine's name if it is not known."""
_SECONDS: Final = 3600
_PLACES: Final = Decimal("0.000000001")


@dataclass(frozen=True, slots=True, kw_only=True)
class Prices:
    """List prices per hour, by platform and machine."""

    version: str
    currency: str
    machines: Mapping[str, Mapping[str, Decimal]]

    def an_hour(self, platform: str, machine: str) -> Decimal:
        """The list price of an hour.

        Raises:
            ConfigError: The table does not have the machine.
        """
        rates = self.machines.get(platform, {})
        if machine == UNKNOWN:
            raise ConfigError(
                f"nobody says on which machine of {platform} this runs, so no cost could be stated: give --machine, one of "
                f"{', '.join(rates) or 'those that you add for it to training_images/job/prices.json'}"
            )
        if machine not in rates:
            raise ConfigError(
                f"price table {self.version} has no {machine!r} of {platform}, so no cost could be stated; "
                f"it knows {', '.join(rates) or 'none of its machines'}: add a row to training_images/job/prices.json"
            )
        return rates[machine]

    def of(self, platform: str, machine: str, seconds: float) -> Decimal:
        """The cost of this many seconds, to a billionth."""
        return (self.an_hour(platform, machine) * Decimal(repr(seconds)) / _SECONDS).quantize(_PLACES)


@cache
def prices() -> Prices:
    """The price table in this image."""
    table = msgspec.json.decode(files(__package__ or "").joinpath("prices.json").read_bytes())
    machines = {
        platform: {machine: Decimal(price) for machine, price in rows.items()}
        for platform, rows in table["machines"].items()
    }
    return Prices(version=table["version"], currency=table["currency"], machines=machines)
