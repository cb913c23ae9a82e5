# SPDX-License-Identifier: Apache-2.0
"""Jobs on Azure Machine Learning. They upload their units to the Hub, since nothing here reads Azure's storage."""
