# SPDX-License-Identifier: Apache-2.0
# Where are the documents that never change, and the channels that move by compare-and-set?
#
# A retention policy of the bucket is no option: Cloud Storage refuses it together with versions, and a channel's object has
# to be replaced. Three other things protect documents: no function has storage.objects.delete under documents/, without
# which an object can be created but never replaced; whatever anybody else replaces or deletes stays as a version; and what
# is deleted for good can be restored for ninety days. If you must prove more, lock single objects (`gcloud storage objects
# update --retention-mode=Locked`); the bucket is prepared for that.

resource "google_storage_bucket" "store" {
  #checkov:skip=CKV_GCP_62: each write leaves a decision document beside it; reads are for the project's own audit logs
  count = local.at_home ? 1 : 0

  name                        = local.store_name
  location                    = var.region
  uniform_bucket_level_access = true
  public_access_prevention    = "enforced"
  enable_object_retention     = true
  force_destroy               = var.destroyable

  versioning {
    enabled = true
  }

  soft_delete_policy {
    retention_duration_seconds = 7776000
  }

  encryption {
    default_kms_key_name = local.key
  }

  depends_on = [google_kms_crypto_key_iam_member.agent]
}

resource "google_storage_bucket" "artifacts" {
  #checkov:skip=CKV_GCP_62: reads are for the project's own audit logs
  name                        = "${var.prefix}-artifacts-${var.project}"
  location                    = var.region
  uniform_bucket_level_access = true
  public_access_prevention    = "enforced"
  force_destroy               = var.destroyable

  versioning {
    enabled = true
  }

  encryption {
    default_kms_key_name = local.key
  }

  depends_on = [google_kms_crypto_key_iam_member.agent]
}

resource "google_storage_bucket" "packages" {
  #checkov:skip=CKV_GCP_62: only Cloud Build reads it
  name                        = "${var.prefix}-packages-${var.project}"
  location                    = var.region
  uniform_bucket_level_access = true
  public_access_prevention    = "enforced"
  force_destroy               = true

  versioning {
    enabled = true
  }

  encryption {
    default_kms_key_name = local.key
  }

  depends_on = [google_kms_crypto_key_iam_member.agent]
}

resource "google_storage_bucket_object" "package" {
  # Its name is the digest of its content, so a new package is a new object and the functions are built anew.
  name   = "${filesha256(var.package)}.zip"
  bucket = google_storage_bucket.packages.name
  source = var.package
}
