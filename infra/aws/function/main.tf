# SPDX-License-Identifier: Apache-2.0
# One step as one function, with its own role, log and queue, and alarms on its failures.

resource "aws_cloudwatch_log_group" "this" {
  name              = "/aws/lambda/${var.name}"
  retention_in_days = var.log_days
  kms_key_id        = var.key
}

resource "aws_iam_role" "this" {
  name                 = var.name
  description          = "What ${var.name} may do"
  assume_role_policy   = data.aws_iam_policy_document.lambda.json
  permissions_boundary = var.boundary
}

data "aws_iam_policy_document" "lambda" {
  statement {
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["lambda.amazonaws.com"]
    }
  }
}

data "aws_iam_policy_document" "encryption" {
  statement {
    sid       = "TheKeyOfStoreAndSettings"
    actions   = ["kms:Decrypt", "kms:GenerateDataKey"]
    resources = [var.key]
  }
}

data "aws_iam_policy_document" "itself" {
  source_policy_documents = [data.aws_iam_policy_document.encryption.json]

  statement {
    sid     = "ItsLog"
    actions = ["logs:CreateLogStream", "logs:PutLogEvents"]
    # Lambda chooses the names of the streams.
    resources = ["${aws_cloudwatch_log_group.this.arn}:*"]
  }

  statement {
    sid       = "ItsQueue"
    actions   = ["sqs:ChangeMessageVisibility", "sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ReceiveMessage"]
    resources = [var.queue]
  }
}

resource "aws_iam_role_policy" "itself" {
  name   = "itself"
  role   = aws_iam_role.this.id
  policy = data.aws_iam_policy_document.itself.json
}

# Lambda itself attaches the function to its network, using the function's role; the function's own code never uses these
# rights.
data "aws_iam_policy_document" "network" {
  #checkov:skip=CKV_AWS_111: Lambda asks for these before there is a network interface to name
  #checkov:skip=CKV_AWS_356: the same
  count = var.network == null ? 0 : 1

  statement {
    sid       = "ItsNetwork"
    actions   = local.network_actions
    resources = ["*"]
  }

  statement {
    sid       = "NotByItsCode"
    effect    = "Deny"
    actions   = local.network_actions
    resources = ["*"]

    condition {
      test     = "Null"
      variable = "lambda:SourceFunctionArn"
      values   = ["false"]
    }
  }
}

locals {
  bytes = floor(length(base64encode(jsonencode(var.environment))) * 3 / 4)
  network_actions = [
    "ec2:AssignPrivateIpAddresses", "ec2:CreateNetworkInterface", "ec2:DeleteNetworkInterface", "ec2:DescribeNetworkInterfaces",
    "ec2:DescribeSubnets", "ec2:UnassignPrivateIpAddresses",
  ]
}

resource "aws_iam_role_policy" "network" {
  count = var.network == null ? 0 : 1

  name   = "network"
  role   = aws_iam_role.this.id
  policy = data.aws_iam_policy_document.network[0].json
}

resource "aws_lambda_function" "this" {
  #checkov:skip=CKV_AWS_117: it talks to public endpoints of AWS and the Hub; a network of its own is for who has to have one (var.network)
  #checkov:skip=CKV_AWS_50: one log line an invocation has the step, the event, the outcome and the milliseconds
  #checkov:skip=CKV_AWS_116: what fails is in the queue's dead letters; Lambda's own are for invocations without a queue
  #checkov:skip=CKV_AWS_272: the package is pinned by its SHA-256, which infra/package.py prints and anybody can build again
  #checkov:skip=CKV_AWS_115: it is reserved unless the account's quota is too small (var.reserve_concurrency)
  function_name                  = var.name
  role                           = aws_iam_role.this.arn
  runtime                        = "python3.13"
  architectures                  = [var.architecture]
  handler                        = "lambda_function.${var.step}"
  s3_bucket                      = var.package.bucket
  s3_key                         = var.package.key
  source_code_hash               = var.package.hash
  timeout                        = var.timeout
  memory_size                    = var.memory
  reserved_concurrent_executions = var.concurrency
  kms_key_arn                    = var.key

  environment {
    variables = var.environment
  }

  dynamic "vpc_config" {
    for_each = var.network[*]

    content {
      subnet_ids         = vpc_config.value.subnets
      security_group_ids = vpc_config.value.security_groups
    }
  }

  logging_config {
    log_format = "Text"
    log_group  = aws_cloudwatch_log_group.this.name
  }

  depends_on = [aws_iam_role_policy.itself, aws_iam_role_policy.network]

  lifecycle {
    # Lambda measures the variables as JSON, in UTF-8.
    precondition {
      condition     = local.bytes <= 4096
      error_message = "The variable \"tags\", trust, azure or clusters is too long: the settings of ${var.name} have ${local.bytes} bytes as JSON, and Lambda takes 4096."
    }
  }
}

resource "aws_lambda_event_source_mapping" "this" {
  event_source_arn        = var.queue
  function_name           = aws_lambda_function.this.arn
  batch_size              = 1 # an invocation's time is that of its whole batch: an alarm must not wait behind completions
  function_response_types = ["ReportBatchItemFailures"]

  # Counts of events, including those that went back to the queue.
  metrics_config {
    metrics = ["EventCount"]
  }

  scaling_config {
    # At least 2, and no more than is reserved. Otherwise Lambda takes messages that it cannot run, and they count as
    # failed.
    maximum_concurrency = max(2, var.concurrency == -1 ? 10 : var.concurrency)
  }
}

# A step gives back the messages that it could not process as part of its batch; Lambda's own Errors do not count these.
resource "aws_cloudwatch_metric_alarm" "failed" {
  alarm_name          = "${var.name}-failed"
  alarm_description   = "Events went back to the queue because the function could not handle them; its log has the reasons. ${var.failures.advice}"
  namespace           = "AWS/Lambda"
  metric_name         = "FailedInvokeEventCount"
  dimensions          = { EventSourceMappingUUID = aws_lambda_event_source_mapping.this.uuid }
  statistic           = "Sum"
  comparison_operator = "GreaterThanOrEqualToThreshold"
  threshold           = var.failures.events
  period              = var.failures.seconds
  evaluation_periods  = 1
  treat_missing_data  = "notBreaching"
  alarm_actions       = [var.topic]
}

resource "aws_cloudwatch_metric_alarm" "errors" {
  alarm_name          = "${var.name}-errors"
  alarm_description   = "The function broke down several times within ten minutes: it ran out of time or memory, or could not start."
  namespace           = "AWS/Lambda"
  metric_name         = "Errors"
  dimensions          = { FunctionName = aws_lambda_function.this.function_name }
  statistic           = "Sum"
  comparison_operator = "GreaterThanOrEqualToThreshold"
  threshold           = 5
  period              = 300
  evaluation_periods  = 2
  treat_missing_data  = "notBreaching"
  alarm_actions       = [var.topic]
}

resource "aws_cloudwatch_metric_alarm" "throttles" {
  alarm_name          = "${var.name}-throttled"
  alarm_description   = "The function was not let run; its concurrency is too small, or the account's is."
  namespace           = "AWS/Lambda"
  metric_name         = "Throttles"
  dimensions          = { FunctionName = aws_lambda_function.this.function_name }
  statistic           = "Sum"
  comparison_operator = "GreaterThanThreshold"
  threshold           = 0
  period              = 300
  evaluation_periods  = 3
  treat_missing_data  = "notBreaching"
  alarm_actions       = [var.topic]
}
