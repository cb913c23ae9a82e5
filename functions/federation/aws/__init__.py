# SPDX-License-Identifier: Apache-2.0
"""AWS: documents and artifacts in S3, events on EventBridge, jobs and nodes on SageMaker, alarms from CloudWatch."""
