# SPDX-License-Identifier: Apache-2.0
"""One model for members whose rows stay where they are: federated learning on Flower's deployment engine."""
