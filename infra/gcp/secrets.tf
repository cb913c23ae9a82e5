# SPDX-License-Identifier: Apache-2.0
# Which secrets exist, and who may read them? Only their places: a person enters the values, so that no state file ever
# contains one.

locals {
  secrets = local.at_home ? setunion(["hub-read", "hub-write", "hub-jobs", "hub-push", "hub-webhook"], var.webhooks) : toset([])

  # Which sender authenticates with which secret: the trust document's key (docs/sources.md) by the secret's name.
  door_keys    = { hub-webhook = "hf_secret", alertmanager = "alertmanager_token", event-grid = "azure_token", grafana = "grafana_secret" }
  door_secrets = { for name, key in local.door_keys : name => key if contains(local.secrets, name) }
}

resource "google_secret_manager_secret" "known" {
  for_each = local.secrets

  secret_id = "${var.prefix}-${each.key}"

  replication {
    user_managed {
      replicas {
        location = var.region
      }
    }
  }

  depends_on = [google_project_service.needed]
}

resource "google_secret_manager_secret_iam_member" "hub" {
  for_each = merge([
    for step, tokens in(local.at_home ? local.hub_tokens : {}) : {
      for variable, secret in tokens :
      variable == "FEDERATION_HUB_TOKEN" ? step : "${step}/${secret}" => { step = step, secret = secret }
    }
  ]...)

  secret_id = google_secret_manager_secret.known[each.value.secret].id
  role      = "roles/secretmanager.secretAccessor"
  member    = google_service_account.step[each.value.step].member
}

# One binding under its newer name: if it were created anew and the old one deleted, it might be missing after an upgrade.
moved {
  from = google_secret_manager_secret_iam_member.webhook[0]
  to   = google_secret_manager_secret_iam_member.door["hub-webhook"]
}

resource "google_secret_manager_secret_iam_member" "door" {
  for_each = local.door_secrets

  secret_id = google_secret_manager_secret.known[each.key].id
  role      = "roles/secretmanager.secretAccessor"
  member    = google_service_account.step["receive"].member
}
