# SPDX-License-Identifier: Apache-2.0
"""One model, several processes, every batch shared among them: gradients travel around a ring or through a server."""
