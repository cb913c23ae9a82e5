# SPDX-License-Identifier: Apache-2.0
"""From settings to ports: only this place knows which home this is. One file per home, so none loads another's SDK."""
