# SPDX-License-Identifier: Apache-2.0
# Which secrets are there, and who may open them? Only their places: values are put by a person, so that no state file ever
# holds one.

resource "google_secret_manager_secret" "known" {
  for_each = local.at_home ? toset(["hub-read", "hub-write", "hub-webhook"]) : toset([])

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
  for_each = local.hub_secret

  secret_id = google_secret_manager_secret.known[each.value].id
  role      = "roles/secretmanager.secretAccessor"
  member    = google_service_account.step[each.key].member
}

resource "google_secret_manager_secret_iam_member" "webhook" {
  count = local.at_home ? 1 : 0

  secret_id = google_secret_manager_secret.known["hub-webhook"].id
  role      = "roles/secretmanager.secretAccessor"
  member    = google_service_account.step["receive"].member
}
