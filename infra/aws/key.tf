# SPDX-License-Identifier: Apache-2.0
# Who may use the one key that encrypts the store, the artifacts, the logs, the secrets and the functions' settings?

data "aws_iam_policy_document" "key" {
  # In a key's policy, the resource "*" means this key only.
  #checkov:skip=CKV_AWS_109: the account administers its own key, as AWS requires so that the key cannot be lost
  #checkov:skip=CKV_AWS_111: the same
  #checkov:skip=CKV_AWS_356: the same; "*" is this key
  statement {
    sid = "TheAccountAdministersItAndDelegatesItsUse"
    actions = [
      "kms:CancelKeyDeletion", "kms:CreateAlias", "kms:CreateGrant", "kms:Decrypt", "kms:DeleteAlias", "kms:DescribeKey",
      "kms:DisableKey", "kms:DisableKeyRotation", "kms:EnableKey", "kms:EnableKeyRotation", "kms:Encrypt",
      "kms:GenerateDataKey", "kms:GetKeyPolicy", "kms:GetKeyRotationStatus", "kms:ListGrants", "kms:ListKeyPolicies",
      "kms:ListKeyRotations", "kms:ListResourceTags", "kms:PutKeyPolicy", "kms:ReEncryptFrom", "kms:ReEncryptTo",
      "kms:RevokeGrant", "kms:RotateKeyOnDemand", "kms:ScheduleKeyDeletion", "kms:TagResource", "kms:UntagResource",
      "kms:UpdateAlias", "kms:UpdateKeyDescription",
    ]
    resources = ["*"]

    principals {
      type        = "AWS"
      identifiers = ["${local.arn}:iam::${local.account}:root"]
    }
  }

  statement {
    sid = "LogGroupsOfThisFederation"
    actions = [
      "kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey", "kms:GenerateDataKeyWithoutPlaintext",
      "kms:ReEncryptFrom", "kms:ReEncryptTo",
    ]
    resources = ["*"]

    principals {
      type        = "Service"
      identifiers = ["logs.${var.region}.amazonaws.com"]
    }

    condition {
      test     = "ArnLike"
      variable = "kms:EncryptionContext:aws:logs:arn"
      values   = ["${local.arn}:logs:${var.region}:${local.account}:log-group:/aws/lambda/${var.prefix}-*"]
    }
  }

  statement {
    # Without this statement CloudWatch cannot publish to an encrypted topic; through SNS it sends no source condition.
    sid       = "AlarmsToTheTopic"
    actions   = ["kms:Decrypt", "kms:GenerateDataKey"]
    resources = ["*"]

    principals {
      type        = "Service"
      identifiers = ["cloudwatch.amazonaws.com"]
    }
  }
}

resource "aws_kms_key" "federation" {
  count = var.key == null ? 1 : 0

  description             = "${var.prefix}: store, artifacts, logs, secrets and settings"
  enable_key_rotation     = true
  deletion_window_in_days = 30
  policy                  = data.aws_iam_policy_document.key.json

  # A store that is locked for years is worthless without its key, and a destroy that a lock stops halfway would delete the
  # key.
  lifecycle {
    prevent_destroy = true
  }
}

resource "aws_kms_alias" "federation" {
  count = var.key == null ? 1 : 0

  name          = "alias/${var.prefix}"
  target_key_id = aws_kms_key.federation[0].key_id
}
