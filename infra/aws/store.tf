# SPDX-License-Identifier: Apache-2.0
# Where are the documents that never change, and the channels that move by compare-and-set?
#
# Default retention locks every version of every object for var.lock.days. A document is written once, so nobody can take it
# back. A channel's object is written again and again: each move is a new version, which a lock does not prevent, and the
# older versions are the channel's history. No function may delete anything, locked or not.

resource "aws_s3_bucket" "store" {
  #checkov:skip=CKV_AWS_144: releases are on the Hub as well; a second region is a decision about cost that a deployment takes
  #checkov:skip=CKV_AWS_18: each write leaves a decision document beside it; reads are for the account's own CloudTrail
  #checkov:skip=CKV2_AWS_62: nobody waits for a document; what happens is announced on the bus
  count = local.at_home ? 1 : 0

  bucket              = "${var.prefix}-store-${local.account}-${var.region}"
  object_lock_enabled = true
  force_destroy       = var.destroyable
}

resource "aws_s3_bucket_versioning" "store" {
  count = local.at_home ? 1 : 0

  bucket = aws_s3_bucket.store[0].id

  versioning_configuration {
    status = "Enabled"
  }
}

resource "aws_s3_bucket_object_lock_configuration" "store" {
  count = local.at_home ? 1 : 0

  bucket = aws_s3_bucket.store[0].id

  rule {
    default_retention {
      mode = var.lock.mode
      days = var.lock.days
    }
  }

  depends_on = [aws_s3_bucket_versioning.store]
}

resource "aws_s3_bucket_server_side_encryption_configuration" "store" {
  count = local.at_home ? 1 : 0

  bucket = aws_s3_bucket.store[0].id

  rule {
    bucket_key_enabled = true

    apply_server_side_encryption_by_default {
      sse_algorithm     = "aws:kms"
      kms_master_key_id = local.key
    }
  }
}

resource "aws_s3_bucket_public_access_block" "store" {
  count = local.at_home ? 1 : 0

  bucket                  = aws_s3_bucket.store[0].id
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_ownership_controls" "store" {
  count = local.at_home ? 1 : 0

  bucket = aws_s3_bucket.store[0].id

  rule {
    object_ownership = "BucketOwnerEnforced"
  }
}

resource "aws_s3_bucket_lifecycle_configuration" "store" {
  count = local.at_home ? 1 : 0

  bucket = aws_s3_bucket.store[0].id

  rule {
    id     = "abandoned-uploads"
    status = "Enabled"

    filter {}

    abort_incomplete_multipart_upload {
      days_after_initiation = 1
    }
  }
}

resource "aws_s3_bucket_policy" "store" {
  count = local.at_home ? 1 : 0

  bucket = aws_s3_bucket.store[0].id
  policy = data.aws_iam_policy_document.encrypted_in_transit["store"].json

  depends_on = [aws_s3_bucket_public_access_block.store]
}

data "aws_iam_policy_document" "encrypted_in_transit" {
  for_each = merge(
    { artifacts = aws_s3_bucket.artifacts.arn, packages = aws_s3_bucket.packages.arn },
    local.at_home ? { store = aws_s3_bucket.store[0].arn } : {},
  )

  statement {
    # The statement denies all actions to everybody, so that none is forgotten.
    sid       = "EncryptedInTransitOnly"
    effect    = "Deny"
    actions   = ["s3:*"]
    resources = [each.value, "${each.value}/*"]

    principals {
      type        = "*"
      identifiers = ["*"]
    }

    condition {
      test     = "Bool"
      variable = "aws:SecureTransport"
      values   = ["false"]
    }
  }
}
