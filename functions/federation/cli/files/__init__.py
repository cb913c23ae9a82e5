# SPDX-License-Identifier: Apache-2.0
"""What is in the files that a person names?"""
