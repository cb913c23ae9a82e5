# SPDX-License-Identifier: Apache-2.0
# Who may use the one key that encrypts the store, the artifacts, the packages and the topics?

resource "google_kms_key_ring" "federation" {
  count = var.key == null ? 1 : 0

  name     = var.prefix
  location = var.region

  depends_on = [google_project_service.needed]
}

resource "google_kms_crypto_key" "federation" {
  count = var.key == null ? 1 : 0

  name            = var.prefix
  key_ring        = google_kms_key_ring.federation[0].id
  rotation_period = "7776000s"

  lifecycle {
    prevent_destroy = true
  }
}

resource "google_kms_crypto_key_iam_member" "agent" {
  for_each = { for name, member in local.agents : name => member if contains(["storage", "pubsub"], name) && var.key == null }

  crypto_key_id = google_kms_crypto_key.federation[0].id
  role          = "roles/cloudkms.cryptoKeyEncrypterDecrypter"
  member        = each.value
}
