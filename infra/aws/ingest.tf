# SPDX-License-Identifier: Apache-2.0
# How do events in this account reach `receive`? By rules on the default bus, schedules, and a URL for the Hub and
# var.webhooks.
#
# Patterns are coarse: the function decides, and tests with recorded payloads cover its decisions.

locals {
  patterns = merge(
    {
      sagemaker = {
        source = ["aws.sagemaker"]
        detail-type = [
          "SageMaker Endpoint Deployment State Change",
          "SageMaker Endpoint State Change",
          "SageMaker HyperParameter Tuning Job State Change",
          "SageMaker Model Building Pipeline Execution Status Change",
          "SageMaker Model Package State Change",
          "SageMaker Training Job State Change",
        ]
      }
      sentinel = {
        source      = ["aws.s3"]
        detail-type = ["Object Created"]
        detail = {
          bucket = { name = local.artifact_buckets }
          object = { key = [{ suffix = "_MANIFEST.json" }] }
        }
      }
    },
    local.watches ? {
      slo = {
        source      = ["aws.cloudwatch"]
        detail-type = ["CloudWatch Alarm State Change"]
        resources   = [{ prefix = "${local.arn}:cloudwatch:${var.region}:${local.account}:alarm:${var.prefix}-slo-" }]
      }
    } : {},
  )
}

resource "aws_cloudwatch_event_rule" "ingest" {
  for_each = local.patterns

  name          = "${var.prefix}-ingest-${each.key}"
  description   = "What ${each.key} tells"
  event_pattern = jsonencode(each.value)
}

resource "aws_cloudwatch_event_target" "ingest" {
  for_each = local.patterns

  rule      = aws_cloudwatch_event_rule.ingest[each.key].name
  target_id = "receive"
  arn       = module.queue["receive"].arn

  dead_letter_config {
    arn = module.queue["receive"].dead_arn
  }

  retry_policy {
    maximum_event_age_in_seconds = 86400
    maximum_retry_attempts       = 185
  }
}

locals {
  has_url = local.at_home && var.public_url
  ticks   = local.at_home ? { for kind in ["sweep", "alarms", "merge", "promote"] : kind => var.schedules[kind] } : {}
}

resource "aws_scheduler_schedule_group" "ticks" {
  count = local.at_home ? 1 : 0

  name = var.prefix
}

resource "aws_scheduler_schedule" "tick" {
  for_each = local.ticks

  name                         = "${var.prefix}-${each.key}"
  group_name                   = aws_scheduler_schedule_group.ticks[0].name
  schedule_expression          = each.value
  schedule_expression_timezone = var.schedules.time_zone
  kms_key_arn                  = local.key

  flexible_time_window {
    mode = "OFF"
  }

  target {
    arn      = module.queue["receive"].arn
    role_arn = aws_iam_role.scheduler[0].arn

    # The scheduler replaces the words in angle brackets; a tick's dedupe key is its schedule and its time.
    input = "{\"kind\":\"${each.key}\",\"schedule\":\"<aws.scheduler.schedule-arn>\",\"scheduled_time\":\"<aws.scheduler.scheduled-time>\"}"

    dead_letter_config {
      arn = module.queue["receive"].dead_arn
    }

    retry_policy {
      maximum_event_age_in_seconds = 3600
      maximum_retry_attempts       = 20
    }
  }
}

data "aws_iam_policy_document" "scheduler_trust" {
  statement {
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["scheduler.amazonaws.com"]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:SourceAccount"
      values   = [local.account]
    }
  }
}

data "aws_iam_policy_document" "scheduler" {
  statement {
    sid       = "TicksToReceive"
    actions   = ["sqs:SendMessage"]
    resources = [module.queue["receive"].arn, module.queue["receive"].dead_arn]
  }

  statement {
    sid       = "TheKeyOfTheSchedules"
    actions   = ["kms:Decrypt"]
    resources = [local.key]
  }
}

resource "aws_iam_role" "scheduler" {
  count = local.at_home ? 1 : 0

  name                 = "${var.prefix}-scheduler"
  assume_role_policy   = data.aws_iam_policy_document.scheduler_trust.json
  permissions_boundary = var.permissions_boundary
}

resource "aws_iam_role_policy" "scheduler" {
  count = local.at_home ? 1 : 0

  name   = "ticks"
  role   = aws_iam_role.scheduler[0].id
  policy = data.aws_iam_policy_document.scheduler.json
}

resource "aws_lambda_function_url" "receive" {
  #checkov:skip=CKV_AWS_258: neither the Hub nor a monitor signs requests as AWS asks; `receive` compares the sender's secret in constant time before all else
  count = local.has_url ? 1 : 0

  function_name      = module.function["receive"].name
  authorization_type = "NONE"
}

resource "aws_lambda_permission" "url" {
  #checkov:skip=CKV_AWS_301: the URL is public on purpose, see above; only calls through the URL are allowed
  #checkov:skip=CKV_AWS_364: there is no source to name: they call from anywhere
  count = local.has_url ? 1 : 0

  statement_id           = "AnybodyByTheUrl"
  function_name          = module.function["receive"].name
  action                 = "lambda:InvokeFunctionUrl"
  principal              = "*"
  function_url_auth_type = "NONE"
}

# Since October 2025 a URL also needs lambda:InvokeFunction. Without the condition that the call comes through the URL,
# anybody could invoke the function directly. Provider 5 cannot express that condition; CloudFormation can.
resource "aws_cloudformation_stack" "url" {
  #checkov:skip=CKV_AWS_124: one permission; Terraform itself tells when it fails
  count = local.has_url ? 1 : 0

  name = "${var.prefix}-receive-url"
  template_body = jsonencode({
    AWSTemplateFormatVersion = "2010-09-09"
    Resources = {
      Permission = {
        Type = "AWS::Lambda::Permission"
        Properties = {
          Action                = "lambda:InvokeFunction"
          FunctionName          = module.function["receive"].arn
          InvokedViaFunctionUrl = true
          Principal             = "*"
        }
      }
    }
  })
}
