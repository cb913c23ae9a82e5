# SPDX-License-Identifier: Apache-2.0
# What may a person do? Attach this policy to the role that people use; nothing here can change a stored document.

data "aws_iam_policy_document" "operator" {
  count = local.at_home ? 1 : 0

  statement {
    sid       = "GiveOrders"
    actions   = ["events:PutEvents"]
    resources = [aws_cloudwatch_event_bus.federation[0].arn]
  }

  statement {
    sid       = "TickByHand"
    actions   = ["lambda:InvokeFunction"]
    resources = [module.function["receive"].arn]
  }

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
    sid       = "AddAPolicyAndTickByHand"
    actions   = ["s3:PutObject"]
    resources = ["${local.documents}/policies/*", "${local.documents}/ticks/*"]
  }

  statement {
    sid       = "TheKey"
    actions   = ["kms:Decrypt", "kms:GenerateDataKey"]
    resources = [aws_kms_key.federation.arn]
  }

  statement {
    sid       = "LookAtDeadLetters"
    actions   = ["sqs:ChangeMessageVisibility", "sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:GetQueueUrl", "sqs:ReceiveMessage", "sqs:StartMessageMoveTask"]
    resources = [for queue in module.queue : queue.dead_arn]
  }

  statement {
    sid       = "SendThemAgain"
    actions   = ["sqs:GetQueueAttributes", "sqs:GetQueueUrl", "sqs:SendMessage"]
    resources = [for queue in module.queue : queue.arn]
  }
}

resource "aws_iam_policy" "operator" {
  count = local.at_home ? 1 : 0

  name        = "${var.prefix}-operator"
  description = "Orders, looking, a new policy document, and dead letters"
  policy      = data.aws_iam_policy_document.operator[0].json
}
