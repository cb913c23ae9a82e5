# SPDX-License-Identifier: Apache-2.0
"""Jobs on Azure Machine Learning; what they ship goes to the Hub, since nothing here reads Azure's storage."""
