# SPDX-License-Identifier: Apache-2.0
"""Several teachers become one student: the job that `fuse` asks for when a release answers too slowly."""
