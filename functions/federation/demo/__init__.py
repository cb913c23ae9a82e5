# SPDX-License-Identifier: Apache-2.0
"""What does the command centre do in two weeks? Told in a minute, on one machine, without an account or a network.

The events are true in shape and carry invented names; the units are the really evaluated ones of training/examples.
"""
