# SPDX-License-Identifier: Apache-2.0
"""Settings to ports: the only place that knows which home this is. One file a home, so that none loads another's SDK."""
