# SPDX-License-Identifier: Apache-2.0
# What do people, the Hub and the other cloud need to know?

output "hub_webhook" {
  description = "Where the Hub's webhook is to deliver."
  value       = local.at_home && var.public_url ? "${module.function["receive"].url}/hub" : null
}

output "webhooks" {
  description = "Where the senders of the variable `webhooks` are to deliver."
  value = {
    for name, path in { alertmanager = "alertmanager", event-grid = "azure", grafana = "grafana" } :
    name => "${module.function["receive"].url}/${path}" if contains(local.secrets, name)
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

output "artifact_bucket" {
  description = "Where jobs are to leave their units (`output` of a policy's jobs)."
  value       = google_storage_bucket.artifacts.name
}

output "completions_topic" {
  description = "What further artifact buckets are to notify."
  value       = google_pubsub_topic.door["completions"].id
}

output "secrets" {
  description = "Where to put the values of the secrets."
  value       = { for name, secret in google_secret_manager_secret.known : name => secret.id }
}

output "unique_ids" {
  description = "Variable google_identities of infra/aws: who may act there."
  value       = { for step in local.guests : step => google_service_account.step[step].unique_id }
}

output "dead_letters" {
  description = "The subscription of what was delivered in vain."
  value       = google_pubsub_subscription.dead.id
}

output "emergency_account" {
  description = "As whom `emergency_operators` act for `federation rollback --direct`."
  value       = local.at_home ? google_service_account.step["roll_back"].email : null
}

output "environment" {
  description = "All that the command on a person's machine is told, as lines for its shell; `rollback --direct` needs the endpoint as well."
  value = local.at_home ? join("", [
    for name, value in merge(local.environment, {
      FEDERATION_DEAD_LETTERS = google_pubsub_subscription.dead.id
      GOOGLE_CLOUD_PROJECT    = var.project
    }) : "export ${name}='${replace(value, "'", "'\\''")}'\n"
  ]) : null
}
