# SPDX-License-Identifier: Apache-2.0
"""What did each item score, as an evaluation or load-test tool wrote it down? One file a tool; pure, as sources are."""
