# SPDX-License-Identifier: Apache-2.0
"""The image's entry point: a service of the consortium, or a job that ships its model."""

import sys

from training_images.job.begin import begin

if __name__ == "__main__":
    begin()  # before libraries are imported

    from training_images.federated import services
    from training_images.job.errors import ConfigError
    from training_images.job.settings import Settings, from_arguments

    try:
        _told = from_arguments(sys.argv[1:])
    except ConfigError:
        _told = Settings()  # a wrong setting is reported as every job reports it
    if _told.given.get("role") in services.ROLES:
        sys.exit(services.serve(_told))

    from training_images.federated.train import SETTINGS, train
    from training_images.job.run import run

    sys.exit(run(train, settings=SETTINGS))
