# SPDX-License-Identifier: Apache-2.0
# What may a person do? Every day: give orders and look. In an emergency: what `roll_back` may do, for `rollback --direct`.
#
# The first policy is for the role that people use, the second for a role that they assume in an emergency only. People get
# a policy instead of the right to assume the role of `roll_back`: that role stays Lambda's alone, because it may also empty
# the queue and write the log.

data "aws_iam_policy_document" "operator" {
  count = local.at_home ? 1 : 0

  statement {
    sid       = "GiveOrders"
    actions   = ["events:PutEvents"]
    resources = [aws_cloudwatch_event_bus.federation[0].arn]

    condition {
      test     = "StringEquals"
      variable = "events:source"
      values   = ["federation"]
    }
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

  # `federation replay` reads what a gate read at that time; see permissions.tf about listing.
  dynamic "statement" {
    for_each = local.platform_statements.artifacts

    content {
      sid       = statement.value.sid
      actions   = statement.value.actions
      resources = statement.value.resources

      dynamic "condition" {
        for_each = statement.value.conditions

        content {
          test     = condition.value.test
          variable = condition.value.variable
          values   = condition.value.values
        }
      }
    }
  }

  statement {
    sid       = "AddAPolicyAndTickByHand"
    actions   = ["s3:PutObject"]
    resources = ["${local.documents}/policies/*", "${local.documents}/ticks/*"]

    condition {
      test     = local.only_if_new.test
      variable = local.only_if_new.variable
      values   = local.only_if_new.values
    }
  }

  statement {
    sid       = "TheKey"
    actions   = ["kms:Decrypt", "kms:GenerateDataKey"]
    resources = [local.key]
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

# The same documents as in the function's own role, without those for its log and its queue.
data "aws_iam_policy_document" "emergency" {
  count = local.at_home ? 1 : 0

  source_policy_documents = [data.aws_iam_policy_document.step["roll_back"].json, module.function["roll_back"].encryption]
}

resource "aws_iam_policy" "emergency" {
  count = local.at_home ? 1 : 0

  name        = "${var.prefix}-emergency"
  description = "What roll_back may do, for federation rollback --direct when the bus or the functions are down"
  policy      = data.aws_iam_policy_document.emergency[0].json
}
