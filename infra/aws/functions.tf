# SPDX-License-Identifier: Apache-2.0
# One zip, many functions: each step has its own handler, role, queue, time and memory.

module "queue" {
  source   = "./queue"
  for_each = local.queues

  name    = "${var.prefix}-${each.key}"
  timeout = local.grants[each.key].timeout
  rules   = local.rules[each.key]
  topic   = aws_sns_topic.people.arn
}

module "function" {
  source   = "./function"
  for_each = local.functions

  step         = each.key
  name         = "${var.prefix}-${each.key}"
  package      = local.package
  architecture = var.architecture
  timeout      = each.value.timeout
  memory       = each.value.memory
  concurrency  = var.reserve_concurrency ? each.value.concurrency : -1
  environment = merge(
    local.environment,
    lookup(local.hub_environment, each.key, {}),
    lookup(local.google_environment, each.key, {}),
    lookup(local.jobs_environment, each.key, {}),
  )
  failures = each.key == "roll_back" ? {
    events = 1, seconds = 60, advice = "A release that is bad may still serve: `federation rollback --direct` goes back by hand."
    } : {
    events = 5, seconds = 300, advice = "They are delivered again, for an hour and a quarter in all."
  }
  queue    = module.queue[each.key].arn
  key      = local.key
  boundary = var.permissions_boundary
  network  = var.network
  topic    = aws_sns_topic.people.arn
  log_days = var.log_days
}

resource "aws_iam_role_policy" "step" {
  for_each = local.at_home ? local.functions : {}

  name   = "step"
  role   = module.function[each.key].role
  policy = data.aws_iam_policy_document.step[each.key].json
}
