# SPDX-License-Identifier: Apache-2.0
"""The image's entry point: a service of the consortium, or a job that ships its model."""

import sys

from training_images.federated import services
from training_images.job.settings import from_arguments

_told = from_arguments(sys.argv[1:])
if _told.given.get("role") in services.ROLES:
    sys.exit(services.serve(_told))

from training_images.federated.train import SETTINGS, train  # noqa: E402 - a service needs none of it
from training_images.job.run import run  # noqa: E402 - the same

sys.exit(run(train, settings=SETTINGS))
