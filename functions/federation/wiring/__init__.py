# SPDX-License-Identifier: Apache-2.0
"""From settings to ports: the only place that knows which home this is. One file per home, so none loads another's SDK."""
