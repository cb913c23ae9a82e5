# SPDX-License-Identifier: Apache-2.0
# As whom do Vertex's training jobs run, and who may start them so?

resource "google_service_account" "training" {
  account_id   = "${var.prefix}-training"
  display_name = "${var.prefix}: training jobs"

  depends_on = [google_project_service.needed]
}

# Data are read from, and units written to, the same bucket: raw data stay on their cloud. Vertex mounts it by Cloud Storage
# FUSE, for which a file that is written is an object replaced, and one that gets its name an object copied and deleted: who may
# only create gets an I/O error. What is replaced stays as a version, and a unit is taken by its digest.
resource "google_storage_bucket_iam_member" "training" {
  bucket = google_storage_bucket.artifacts.name
  role   = "roles/storage.objectUser"
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
