# SPDX-License-Identifier: Apache-2.0
"""The image's entry point."""

import sys

from training_images.job.begin import begin

if __name__ == "__main__":
    begin()  # before libraries are imported

    from training_images.job.run import run
    from training_images.retrieval_eval.train import SETTINGS, train

    sys.exit(run(train, settings=SETTINGS))
