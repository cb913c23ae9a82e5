# SPDX-License-Identifier: Apache-2.0
# How does an event reach the steps that hear it? One bus, with one rule per step, generated from events/routes.json.

locals {
  # Names are derived from the steps, so that a queue can name the rule that is allowed to fill it.
  step_rules   = toset([for step, types in local.hears : step if length(types) > 0])
  bus_name     = var.prefix
  ingest_rules = { for name, rule in aws_cloudwatch_event_rule.ingest : name => rule.arn }
  rules = {
    for name in local.queues : name => name == "receive" ? values(local.ingest_rules) : [aws_cloudwatch_event_rule.step[name].arn]
  }
}

resource "aws_cloudwatch_event_bus" "federation" {
  count = local.at_home ? 1 : 0

  name = local.bus_name
}

resource "aws_cloudwatch_event_rule" "step" {
  for_each = local.step_rules

  name           = "${var.prefix}-${each.key}"
  description    = "What ${each.key} hears"
  event_bus_name = aws_cloudwatch_event_bus.federation[0].name

  event_pattern = jsonencode({
    source      = ["federation"]
    detail-type = local.hears[each.key]
  })
}

resource "aws_cloudwatch_event_target" "step" {
  for_each = local.step_rules

  rule           = aws_cloudwatch_event_rule.step[each.key].name
  event_bus_name = aws_cloudwatch_event_bus.federation[0].name
  target_id      = each.key
  arn            = module.queue[each.key].arn

  dead_letter_config {
    arn = module.queue[each.key].dead_arn
  }

  retry_policy {
    maximum_event_age_in_seconds = 86400
    maximum_retry_attempts       = 185
  }
}
