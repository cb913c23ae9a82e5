# SPDX-License-Identifier: Apache-2.0
# Which alarms exist? Alarms on the service, which roll a release back, and alarms on ourselves, which call a person.
#
# The state change of an alarm named <prefix>-slo-... reaches `receive` (ingest.tf) and becomes slo.breached. Variants of
# the endpoint come and go with releases, so the queries are about the endpoint as a whole.

resource "aws_sns_topic" "people" {
  name              = "${var.prefix}-people"
  kms_master_key_id = local.key
}

resource "aws_sns_topic_subscription" "email" {
  for_each = toset(var.alarm_emails)

  topic_arn = aws_sns_topic.people.arn
  protocol  = "email"
  endpoint  = each.key
}

resource "aws_cloudwatch_metric_alarm" "slo_errors" {
  count = local.serves ? 1 : 0

  alarm_name          = "${var.prefix}-slo-errors"
  alarm_description   = "Too many answers of ${var.endpoint} are 5xx: the serving release is rolled back."
  comparison_operator = "GreaterThanThreshold"
  threshold           = var.slo.errors
  evaluation_periods  = var.slo.minutes
  treat_missing_data  = "notBreaching"

  # SageMaker sends 1 for a 5xx and 0 for any other answer, so the average is the share of 5xx. An alarm may have one query.
  metric_query {
    id          = "share"
    expression  = "SELECT AVG(Invocation5XXErrors) FROM SCHEMA(\"AWS/SageMaker\", EndpointName, VariantName) WHERE EndpointName = '${var.endpoint}'"
    period      = 60
    return_data = true
  }
}

# A query has no percentiles, so the p95 is that of the metric that the nodes publish: one value per request, in
# milliseconds, with the dimension Channel.
resource "aws_cloudwatch_metric_alarm" "slo_p95" {
  count = local.watches ? 1 : 0

  alarm_name          = "${var.prefix}-slo-p95"
  alarm_description   = "The 95th percentile of the nodes' latency is too high: the serving release is rolled back."
  namespace           = var.slo.latency_namespace
  metric_name         = var.slo.latency_metric
  dimensions          = { Channel = var.slo.channel }
  extended_statistic  = "p95"
  comparison_operator = "GreaterThanThreshold"
  threshold           = var.slo.p95_ms
  period              = 60
  evaluation_periods  = var.slo.minutes
  treat_missing_data  = "notBreaching"

  # With too few requests a percentile says nothing.
  evaluate_low_sample_count_percentiles = "ignore"
}

# For nodes that publish nothing: the average of SageMaker's own latency, in microseconds.
resource "aws_cloudwatch_metric_alarm" "slo_average" {
  count = local.serves ? 1 : 0

  alarm_name          = "${var.prefix}-slo-average"
  alarm_description   = "The models of ${var.endpoint} are slow on average: the serving release is rolled back."
  comparison_operator = "GreaterThanThreshold"
  threshold           = 1000 * var.slo.average_ms
  evaluation_periods  = var.slo.minutes
  treat_missing_data  = "notBreaching"

  metric_query {
    id          = "latency"
    expression  = "SELECT AVG(ModelLatency) FROM SCHEMA(\"AWS/SageMaker\", EndpointName, VariantName) WHERE EndpointName = '${var.endpoint}'"
    period      = 60
    return_data = true
  }
}
