# SPDX-License-Identifier: Apache-2.0
# How do AWS's functions act in this project without any key?
#
# An AWS role proves its identity by a signed GetCallerIdentity and becomes its own function's service account, and no
# other.

variable "aws" {
  description = "The AWS account on the other side: its number, region, its buckets, and the `key` of infra/aws where it is not made there."
  type = object({
    account = string
    region  = string
    buckets = optional(list(string), [])
    key     = optional(string)
  })
  default = null
}

variable "aws_audience" {
  description = "The audience of the tokens that are shown to AWS; infra/aws has to be told the same (google_audience)."
  type        = string
  default     = "federation-aws"
}

resource "google_iam_workload_identity_pool" "aws" {
  count = var.aws == null ? 0 : 1

  workload_identity_pool_id = "${var.prefix}-aws"
  display_name              = "${var.prefix}: from AWS"

  depends_on = [google_project_service.needed]
}

resource "google_iam_workload_identity_pool_provider" "aws" {
  #checkov:skip=CKV_GCP_125: it asks for the claims of GitHub's tokens; here AWS roles of one account and one prefix are let in
  count = var.aws == null ? 0 : 1

  workload_identity_pool_id          = google_iam_workload_identity_pool.aws[0].workload_identity_pool_id
  workload_identity_pool_provider_id = "aws-account"
  display_name                       = "AWS account ${var.aws.account}"
  attribute_condition                = "attribute.aws_role.startsWith(\"${local.aws_arn}:sts::${var.aws.account}:assumed-role/${var.prefix}-\")"

  attribute_mapping = {
    "google.subject"     = "assertion.arn"
    "attribute.aws_role" = "assertion.arn.extract('{account}assumed-role/') + 'assumed-role/' + assertion.arn.extract('assumed-role/{role}/')"
  }

  aws {
    account_id = var.aws.account
  }
}

resource "google_service_account_iam_member" "visitor" {
  for_each = local.visitors

  service_account_id = google_service_account.step[each.key].id
  role               = "roles/iam.workloadIdentityUser"
  member             = "principalSet://iam.googleapis.com/projects/${var.project_number}/locations/global/workloadIdentityPools/${google_iam_workload_identity_pool.aws[0].workload_identity_pool_id}/attribute.aws_role/${local.aws_arn}:sts::${var.aws.account}:assumed-role/${var.prefix}-${each.key}"
}
