# SPDX-License-Identifier: Apache-2.0
"""How much could all steps of DP-SGD together reveal about one person?

Renyi differential privacy of the Poisson-subsampled Gaussian mechanism at integer orders (Mironov, Talwar, Zhang 2019,
arXiv:1908.10530, section 3.3), summed over steps, and converted to (epsilon, delta) by Proposition 12 of Canonne,
Kamath, Steinke 2020 (arXiv:2004.00010). Neighbouring data differ by the presence of one person.
"""

import math
from collections.abc import Sequence
from typing import Final

from training_images.job.errors import ConfigError

ORDERS: Final = (*range(2, 65), 72, 80, 96, 112, 128, 160, 192, 256, 384, 512)


def epsilon(*, noise: float, chance: float, steps: int, delta: float, orders: Sequence[int] = ORDERS) -> float:
    """The least epsilon that holds at this delta; infinite without noise.

    Args:
        noise: Noise multiplier, standard deviation over clipping norm.
        chance: Probability that a person is drawn in a step, 0 to 1.
        steps: Number of steps in the whole run.
        delta: Allowed probability of failure.
        orders: Integer Renyi orders to search.

    Raises:
        ConfigError: An argument lies outside its range.
    """
    if not (noise >= 0 and 0 <= chance <= 1 and steps >= 0 and 0 < delta < 1):
        raise ConfigError(
            f"no epsilon for noise {noise}, chance {chance}, {steps} steps, delta {delta}: "
            "noise and steps count from 0, the chance lies from 0 to 1, delta between 0 and 1"
        )
    if steps == 0 or chance == 0:
        return 0.0
    if noise == 0:
        return math.inf
    epsilons = (_epsilon_at(order, steps * divergence(order, noise, chance), delta) for order in orders)
    return max(0.0, min(epsilons))


def divergence(order: int, noise: float, chance: float) -> float:
    """Renyi divergence of one step at an integer order."""
    if chance == 1.0:
        return order / (2 * noise**2)
    terms = [
        _log_choose(order, k) + k * math.log(chance) + (order - k) * math.log1p(-chance) + (k * k - k) / (2 * noise**2)
        for k in range(order + 1)
    ]
    top = max(terms)
    return (top + math.log(math.fsum(math.exp(term - top) for term in terms))) / (order - 1)


def _epsilon_at(order: int, total: float, delta: float) -> float:
    return total + math.log1p(-1 / order) - math.log(delta * order) / (order - 1)


def _log_choose(n: int, k: int) -> float:
    return math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1)
