# SPDX-License-Identifier: Apache-2.0
"""What is on the pages that a person reads?"""
