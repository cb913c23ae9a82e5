# SPDX-License-Identifier: Apache-2.0
# What may a person do? Every day to give orders and to look; in an emergency to act as `roll_back`, for `rollback --direct`.

locals {
  operators           = local.at_home ? toset(var.operators) : toset([])
  emergency_operators = local.at_home ? toset(var.emergency_operators) : toset([])
}

resource "google_pubsub_topic_iam_member" "operator" {
  for_each = local.operators

  topic  = google_pubsub_topic.events[0].id
  role   = "roles/pubsub.publisher"
  member = each.key
}

resource "google_storage_bucket_iam_member" "operator_reads" {
  for_each = local.operators

  bucket = google_storage_bucket.store[0].name
  role   = "roles/storage.objectViewer"
  member = each.key
}

resource "google_storage_bucket_iam_member" "operator_policies" {
  for_each = local.operators

  bucket = google_storage_bucket.store[0].name
  role   = "roles/storage.objectCreator"
  member = each.key

  condition {
    title      = "new policies"
    expression = "resource.name.startsWith(\"${local.objects}documents/policies/\")"
  }
}

resource "google_pubsub_subscription_iam_member" "operator_dead_letters" {
  for_each = local.operators

  subscription = google_pubsub_subscription.dead.id
  role         = "roles/pubsub.subscriber"
  member       = each.key
}

# An access token of this one account for an hour, and no key, signature or identity token of it: Token Creator gives those too.
resource "google_service_account_iam_member" "emergency" {
  for_each = local.emergency_operators

  service_account_id = google_service_account.step["roll_back"].id
  role               = google_project_iam_custom_role.narrow["impersonator"].id
  member             = each.key
}
