# SPDX-License-Identifier: Apache-2.0
"""What do a home's stored documents say?"""
