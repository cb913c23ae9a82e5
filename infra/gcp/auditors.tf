# SPDX-License-Identifier: Apache-2.0
# Who may look at everything that is stored, and change nothing?
#
# An auditor reads documents. Pulling a dead letter hides it from others, so an auditor pulls none; nor may an auditor publish
# anything, read a secret, or read units, which may be the models themselves.

variable "auditors" {
  description = "Who reads what is stored and changes nothing, as IAM members: group:audit@example.com."
  type        = list(string)
  default     = []

  validation {
    condition     = alltrue([for member in var.auditors : can(regex("^(user|group|serviceAccount|principal|principalSet):[^*]+$", member))])
    error_message = "auditors are IAM members such as group:audit@example.com, and never allUsers or allAuthenticatedUsers."
  }
}

resource "google_storage_bucket_iam_member" "auditor_reads" {
  for_each = local.at_home ? toset(var.auditors) : toset([])

  bucket = google_storage_bucket.store[0].name
  role   = "roles/storage.objectViewer"
  member = each.key
}
