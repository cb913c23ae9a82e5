# SPDX-License-Identifier: Apache-2.0
"""Jobs on any Kubernetes cluster: on premises, at a GPU cloud, or beside the functions."""
