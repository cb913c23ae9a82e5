# SPDX-License-Identifier: Apache-2.0
# One queue for one function: who may fill it, when is a message dead, and who is told?
#
# SQS encrypts with its own key: one of our keys would be one more thing that can fail between an alarm and the roll-back.
#
# A function that fails on a message has it delivered again after 5, 10, 20, ... 300 seconds (federation/aws/redelivery.py);
# twenty deliveries take an hour and a quarter. The visibility timeout matters only if a function was cut off.

variable "name" {
  description = "Of the queue; its dead letters lie in <name>-dead."
  type        = string
}

variable "timeout" {
  description = "Seconds that the function may take; a message stays hidden six times as long, as Lambda asks for."
  type        = number
}

variable "rules" {
  description = "ARNs of the EventBridge rules that may fill it."
  type        = list(string)
}

variable "topic" {
  description = "ARN of the topic that hears of dead letters and of messages that wait too long."
  type        = string
}

resource "aws_sqs_queue" "dead" {
  name                      = "${var.name}-dead"
  message_retention_seconds = 1209600
  sqs_managed_sse_enabled   = true
}

resource "aws_sqs_queue" "this" {
  name                       = var.name
  visibility_timeout_seconds = 6 * var.timeout
  message_retention_seconds  = 1209600
  receive_wait_time_seconds  = 20
  sqs_managed_sse_enabled    = true

  redrive_policy = jsonencode({
    deadLetterTargetArn = aws_sqs_queue.dead.arn
    maxReceiveCount     = 20
  })
}

resource "aws_sqs_queue_redrive_allow_policy" "dead" {
  queue_url = aws_sqs_queue.dead.id

  redrive_allow_policy = jsonencode({
    redrivePermission = "byQueue"
    sourceQueueArns   = [aws_sqs_queue.this.arn]
  })
}

data "aws_iam_policy_document" "filled" {
  for_each = { this = aws_sqs_queue.this.arn, dead = aws_sqs_queue.dead.arn }

  statement {
    sid       = "TheseRulesOnly"
    actions   = ["sqs:SendMessage"]
    resources = [each.value]

    principals {
      type        = "Service"
      identifiers = ["events.amazonaws.com"]
    }

    condition {
      test     = "ArnEquals"
      variable = "aws:SourceArn"
      values   = var.rules
    }
  }
}

resource "aws_sqs_queue_policy" "this" {
  queue_url = aws_sqs_queue.this.id
  policy    = data.aws_iam_policy_document.filled["this"].json
}

resource "aws_sqs_queue_policy" "dead" {
  queue_url = aws_sqs_queue.dead.id
  policy    = data.aws_iam_policy_document.filled["dead"].json
}

resource "aws_cloudwatch_metric_alarm" "dead" {
  alarm_name          = "${var.name}-dead-letters"
  alarm_description   = "Something was delivered for an hour and a quarter in vain. `federation redrive` lists it and sends it again."
  namespace           = "AWS/SQS"
  metric_name         = "ApproximateNumberOfMessagesVisible"
  dimensions          = { QueueName = aws_sqs_queue.dead.name }
  statistic           = "Maximum"
  comparison_operator = "GreaterThanThreshold"
  threshold           = 0
  period              = 60
  evaluation_periods  = 1
  treat_missing_data  = "notBreaching"
  alarm_actions       = [var.topic]
  ok_actions          = [var.topic]
}

resource "aws_cloudwatch_metric_alarm" "old" {
  alarm_name          = "${var.name}-waits"
  alarm_description   = "A message has waited for a quarter of an hour: the function does not run, or fails again and again."
  namespace           = "AWS/SQS"
  metric_name         = "ApproximateAgeOfOldestMessage"
  dimensions          = { QueueName = aws_sqs_queue.this.name }
  statistic           = "Maximum"
  comparison_operator = "GreaterThanThreshold"
  threshold           = 900
  period              = 60
  evaluation_periods  = 3
  treat_missing_data  = "notBreaching"
  alarm_actions       = [var.topic]
  ok_actions          = [var.topic]
}

output "arn" {
  description = "Of the queue."
  value       = aws_sqs_queue.this.arn
}

output "dead_arn" {
  description = "Of its dead letters."
  value       = aws_sqs_queue.dead.arn
}

output "dead_url" {
  description = "Of its dead letters."
  value       = aws_sqs_queue.dead.url
}
