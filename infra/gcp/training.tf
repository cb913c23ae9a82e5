# SPDX-License-Identifier: Apache-2.0
# As whom do Vertex's training jobs run, and who may start them so?

resource "google_service_account" "training" {
  account_id   = "${var.prefix}-training"
  display_name = "${var.prefix}: training jobs"
}

# Data are read from, and units written to, the same bucket: raw data stay on their cloud. Nothing can be replaced.
resource "google_storage_bucket_iam_member" "training" {
  for_each = toset(["roles/storage.objectCreator", "roles/storage.objectViewer"])

  bucket = google_storage_bucket.artifacts.name
  role   = each.key
  member = google_service_account.training.member
}

resource "google_project_iam_member" "training" {
  for_each = toset(["roles/artifactregistry.reader", "roles/logging.logWriter"])

  project = var.project
  role    = each.key
  member  = google_service_account.training.member
}

resource "google_service_account_iam_member" "launch" {
  count = contains(local.identities, "launch") ? 1 : 0

  service_account_id = google_service_account.training.id
  role               = "roles/iam.serviceAccountUser"
  member             = google_service_account.step["launch"].member
}
