# SPDX-License-Identifier: Apache-2.0
"""The program of the server, as its own image holds it."""

from training_images.federated.flower_server import app

__all__ = ["app"]
