# SPDX-License-Identifier: Apache-2.0
# Which account do Vertex's training jobs use, and who may start them with it?

resource "google_service_account" "training" {
  account_id   = "${var.prefix}-training"
  display_name = "${var.prefix}: training jobs"

  depends_on = [google_project_service.needed]
}

# Jobs read data from the bucket that they write units to: raw data stay on their cloud. Vertex mounts it by Cloud Storage
# FUSE, for which writing a file means replacing an object, and renaming one means copying and deleting an object: with the
# right to create only, a job gets an I/O error. A replaced object stays as a version, and a unit is identified by its
# digest.
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
