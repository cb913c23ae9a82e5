# SPDX-License-Identifier: Apache-2.0
# Where are the functions' packages stored? In a bucket that no function and no job can write to.
#
# Lambda accepts at most 50 MB from a local file, and the package of a home that also reads Google's buckets is larger.

locals {
  package = {
    bucket = aws_s3_object.package.bucket
    key    = aws_s3_object.package.key
    hash   = filebase64sha256(var.package)
  }
}

resource "aws_s3_bucket" "packages" {
  #checkov:skip=CKV_AWS_144: a package is built again from its commit, byte by byte
  #checkov:skip=CKV_AWS_18: only Lambda reads it, when a function is changed
  #checkov:skip=CKV2_AWS_62: nobody waits for a package
  bucket        = "${var.prefix}-packages-${var.account}-${var.region}"
  force_destroy = true
}

resource "aws_s3_bucket_versioning" "packages" {
  bucket = aws_s3_bucket.packages.id

  versioning_configuration {
    status = "Enabled"
  }
}

resource "aws_s3_bucket_server_side_encryption_configuration" "packages" {
  bucket = aws_s3_bucket.packages.id

  rule {
    bucket_key_enabled = true

    apply_server_side_encryption_by_default {
      sse_algorithm     = "aws:kms"
      kms_master_key_id = local.key
    }
  }
}

resource "aws_s3_bucket_public_access_block" "packages" {
  bucket                  = aws_s3_bucket.packages.id
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_ownership_controls" "packages" {
  bucket = aws_s3_bucket.packages.id

  rule {
    object_ownership = "BucketOwnerEnforced"
  }
}

resource "aws_s3_bucket_lifecycle_configuration" "packages" {
  bucket = aws_s3_bucket.packages.id

  rule {
    id     = "abandoned-uploads"
    status = "Enabled"

    filter {}

    abort_incomplete_multipart_upload {
      days_after_initiation = 1
    }
  }
}

resource "aws_s3_bucket_policy" "packages" {
  bucket = aws_s3_bucket.packages.id
  policy = data.aws_iam_policy_document.encrypted_in_transit["packages"].json

  depends_on = [aws_s3_bucket_public_access_block.packages]
}

resource "aws_s3_object" "package" {
  # Its name is the digest of its content, so that a function's configuration shows which zip it runs.
  bucket      = aws_s3_bucket.packages.id
  key         = "${filesha256(var.package)}.zip"
  source      = var.package
  source_hash = filesha256(var.package)
  kms_key_id  = local.key

  # An object takes only ten tags, and var.tags may have more; a package needs none.
  override_provider {
    default_tags {
      tags = {}
    }
  }

  depends_on = [aws_s3_bucket_versioning.packages, aws_s3_bucket_server_side_encryption_configuration.packages]
}
