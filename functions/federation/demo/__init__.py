# SPDX-License-Identifier: Apache-2.0
"""What does the command centre do in two weeks? Shown in a minute, on one machine, without an account or a network.

The events have the shapes that the clouds send, with invented names; the units are those of training/examples, whose
evaluations were really run.
"""
