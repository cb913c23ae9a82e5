# SPDX-License-Identifier: Apache-2.0
"""One model, several processes, every batch shared among them: gradients go around a ring or through a server."""
