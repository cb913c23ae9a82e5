# SPDX-License-Identifier: Apache-2.0
"""The program of a member, as its own image holds it."""

from training_images.federated.flower_member import app

__all__ = ["app"]
