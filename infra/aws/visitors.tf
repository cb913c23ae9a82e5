# SPDX-License-Identifier: Apache-2.0
# How do Google's functions act in this account without any key?
#
# A Google service account presents an identity token; AWS knows accounts.google.com without a provider of ours. All three
# claims are pinned: `sub` and `aud` (which AWS compares with the token's azp) are the account's unique id, `oaud` is the
# audience.

variable "google_identities" {
  description = "Unique id of each Google service account that may act here, by step: `terraform output unique_ids` of infra/gcp."
  type        = map(string)
  default     = {}

  validation {
    condition     = length(setsubtract(keys(var.google_identities), local.visiting)) == 0
    error_message = "google_identities are those of ${join(", ", local.visiting)} with this home, and not of ${join(", ", setsubtract(keys(var.google_identities), local.visiting))}."
  }
}

variable "google_audience" {
  description = "The audience of the tokens that those accounts show; infra/gcp has to be told the same."
  type        = string
  default     = "federation-aws"
}

locals {
  platform_uses = ["artifacts", "describe_jobs", "list_jobs", "launch_jobs"]

  # If the home is here, Google's `receive` announces and stores nothing. If it is there, Google's steps read units, list
  # and start jobs.
  visiting = local.at_home ? ["receive"] : [
    for step, grant in local.grants : step if step != "receive" && length(setintersection(grant.uses, local.platform_uses)) > 0
  ]
  visitors = { for step in local.visiting : step => var.google_identities[step] if contains(keys(var.google_identities), step) }
}

data "aws_iam_policy_document" "visitor_trust" {
  for_each = local.visitors

  statement {
    actions = ["sts:AssumeRoleWithWebIdentity"]

    principals {
      type        = "Federated"
      identifiers = ["accounts.google.com"]
    }

    condition {
      test     = "StringEquals"
      variable = "accounts.google.com:sub"
      values   = [each.value]
    }

    condition {
      test     = "StringEquals"
      variable = "accounts.google.com:aud"
      values   = [each.value]
    }

    condition {
      test     = "StringEquals"
      variable = "accounts.google.com:oaud"
      values   = [var.google_audience]
    }
  }
}

resource "aws_iam_role" "visitor" {
  for_each = local.visitors

  name                 = "${var.prefix}-google-${each.key}"
  description          = "What ${each.key} on Google may do here"
  assume_role_policy   = data.aws_iam_policy_document.visitor_trust[each.key].json
  max_session_duration = 3600
  permissions_boundary = var.permissions_boundary
}

resource "aws_iam_role_policy" "visitor" {
  for_each = local.visitors

  name   = "step"
  role   = aws_iam_role.visitor[each.key].id
  policy = local.at_home ? data.aws_iam_policy_document.announce[0].json : data.aws_iam_policy_document.step[each.key].json
}

data "aws_iam_policy_document" "announce" {
  count = local.at_home ? 1 : 0

  statement {
    sid       = "Announce"
    actions   = ["events:PutEvents"]
    resources = [aws_cloudwatch_event_bus.federation[0].arn]

    condition {
      test     = "StringEquals"
      variable = "events:source"
      values   = ["federation"]
    }

    condition {
      test     = local.what_doors_tell.test
      variable = local.what_doors_tell.variable
      values   = local.what_doors_tell.values
    }
  }
}
