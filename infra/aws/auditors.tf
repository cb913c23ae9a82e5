# SPDX-License-Identifier: Apache-2.0
# Who may look at everything that is stored, and change nothing?
#
# An auditor reads documents and counts dead letters. Receiving a letter hides it from others, so an auditor receives none;
# nor may an auditor announce anything, read a secret, or read units, which may be the models themselves.

variable "auditors" {
  description = "Who may assume the role `auditor`, as ARNs of roles or users of IAM; empty for no such role."
  type        = list(string)
  default     = []

  validation {
    condition     = alltrue([for arn in var.auditors : can(regex("^arn:aws[a-z-]*:iam::[0-9]{12}:(role|user)/[^*?]+$", arn))])
    error_message = "auditors are ARNs of roles or users without wildcards: arn:aws:iam::111122223333:role/audit."
  }
}

locals {
  audited = local.at_home && length(var.auditors) > 0 ? 1 : 0
}

data "aws_iam_policy_document" "auditor" {
  count = local.audited

  statement {
    sid       = "ReadEverything"
    actions   = ["s3:GetObject"]
    resources = ["${local.documents}/*", "${local.channels}/*"]
  }

  statement {
    sid       = "ListEverything"
    actions   = ["s3:ListBucket"]
    resources = [aws_s3_bucket.store[0].arn]
  }

  statement {
    sid       = "TheKey"
    actions   = ["kms:Decrypt"]
    resources = [local.key]
  }

  statement {
    sid       = "CountDeadLetters"
    actions   = ["sqs:GetQueueAttributes", "sqs:GetQueueUrl"]
    resources = [for queue in module.queue : queue.dead_arn]
  }
}

data "aws_iam_policy_document" "auditor_trust" {
  count = local.audited

  statement {
    actions = ["sts:AssumeRole"]

    principals {
      type        = "AWS"
      identifiers = var.auditors
    }
  }
}

resource "aws_iam_role" "auditor" {
  count = local.audited

  name                 = "${var.prefix}-auditor"
  description          = "Reads what is stored, and counts dead letters"
  assume_role_policy   = data.aws_iam_policy_document.auditor_trust[0].json
  max_session_duration = 3600
  permissions_boundary = var.permissions_boundary
}

resource "aws_iam_role_policy" "auditor" {
  count = local.audited

  name   = "look"
  role   = aws_iam_role.auditor[0].id
  policy = data.aws_iam_policy_document.auditor[0].json
}

output "auditor_role" {
  description = "The role that `auditors` assume for commands that only look."
  value       = one(aws_iam_role.auditor[*].arn)
}
