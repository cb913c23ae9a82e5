# SPDX-License-Identifier: Apache-2.0
# Which secrets exist? Only their places: a person enters the values, so that no state file ever contains one.

locals {
  secret_descriptions = {
    hub-read    = "A token of the Hub that may read the units' repositories"
    hub-write   = "A token of the Hub that may write to ${var.hub.registry}"
    hub-jobs    = "A token of the Hub that may start jobs"
    hub-push    = "A token of the Hub that may write to the units' repositories: what jobs get"
    hub-webhook = "What the Hub's webhook proves itself with"

    alertmanager = "The bearer token that Alertmanager shows"
    event-grid   = "The bearer token that Azure Event Grid shows"
    grafana      = "What Grafana signs its alerts with"
  }

  # Which sender authenticates with which secret: the trust document's key (docs/sources.md) by the secret's name.
  door_keys    = { hub-webhook = "hf_secret", alertmanager = "alertmanager_token", event-grid = "azure_token", grafana = "grafana_secret" }
  door_secrets = { for name, key in local.door_keys : name => key if contains(local.secrets, name) }
}

resource "aws_secretsmanager_secret" "known" {
  #checkov:skip=CKV2_AWS_57: whoever sends holds the other half; nothing here could renew both
  for_each = local.secrets

  name                    = "${var.prefix}/${each.key}"
  description             = local.secret_descriptions[each.key]
  kms_key_id              = local.key
  recovery_window_in_days = var.destroyable ? 0 : 30
}
