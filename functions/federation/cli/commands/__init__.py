# SPDX-License-Identifier: Apache-2.0
"""What does each command do? One file a command; `root` names them."""
