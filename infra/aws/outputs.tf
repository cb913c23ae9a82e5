# SPDX-License-Identifier: Apache-2.0
# What do people, the Hub and the other cloud need to know?

output "hub_webhook" {
  description = "Where the Hub's webhook is to deliver."
  value       = one([for url in aws_lambda_function_url.receive : "${url.function_url}hub"])
}

output "webhooks" {
  description = "Where the senders of the variable `webhooks` are to deliver."
  value = {
    for name, path in { alertmanager = "alertmanager", event-grid = "azure", grafana = "grafana" } :
    name => "${aws_lambda_function_url.receive[0].function_url}${path}" if contains(local.secrets, name)
  }
}

output "store" {
  description = "FEDERATION_STORE, for the command on a person's machine."
  value       = lookup(local.environment, "FEDERATION_STORE", null)
}

output "bus" {
  description = "FEDERATION_BUS, for the command on a person's machine."
  value       = local.environment.FEDERATION_BUS
}

output "key" {
  description = "What everything here is encrypted with; Terraform never deletes it."
  value       = local.key
}

output "artifact_bucket" {
  description = "Where jobs are to leave their units (`output` of a policy's jobs)."
  value       = aws_s3_bucket.artifacts.id
}

output "secrets" {
  description = "Where to put the values of the secrets."
  value       = { for name, secret in aws_secretsmanager_secret.known : name => secret.arn }
}

output "roles" {
  description = "Names of the functions' roles: infra/gcp lets them act on Google by these names, so both have the same prefix."
  value       = { for step, function in module.function : step => function.role }
}

output "visitors" {
  description = "Roles that Google's functions assume, by step."
  value       = { for step, role in aws_iam_role.visitor : step => role.arn }
}

output "dead_letters" {
  description = "Queues of what was delivered in vain, by step."
  value       = { for step, queue in module.queue : step => queue.dead_url }
}

output "operator_policy" {
  description = "The policy for people's role."
  value       = one(aws_iam_policy.operator[*].arn)
}

output "emergency_policy" {
  description = "The policy for a role that people assume only for `federation rollback --direct`."
  value       = one(aws_iam_policy.emergency[*].arn)
}

output "environment" {
  description = "All that the command on a person's machine is told, as lines for its shell; `rollback --direct` needs the endpoint and the node as well."
  value = local.at_home ? join("", [
    for name, value in merge(local.environment, { FEDERATION_QUEUES = "${var.prefix}-", AWS_DEFAULT_REGION = var.region }) :
    "export ${name}='${replace(value, "'", "'\\''")}'\n"
  ]) : null
}

output "queues" {
  description = "FEDERATION_QUEUES, for the command on a person's machine."
  value       = "${var.prefix}-"
}
