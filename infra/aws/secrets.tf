# SPDX-License-Identifier: Apache-2.0
# Which secrets are there? Only their places: values are put by a person, so that no state file ever holds one.

locals {
  secret_descriptions = {
    hub-read    = "A token of the Hub that may read the units' repositories"
    hub-write   = "A token of the Hub that may write to ${var.hub.registry} and start jobs"
    hub-webhook = "What the Hub's webhook proves itself with"
  }
}

resource "aws_secretsmanager_secret" "known" {
  #checkov:skip=CKV2_AWS_57: the Hub issues both; nothing here could make a new one
  for_each = local.secrets

  name                    = "${var.prefix}/${each.key}"
  description             = local.secret_descriptions[each.key]
  kms_key_id              = aws_kms_key.federation.arn
  recovery_window_in_days = var.destroyable ? 0 : 30
}
