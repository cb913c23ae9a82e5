# SPDX-License-Identifier: Apache-2.0
# What may a person do? Nothing here can change a stored document.

locals {
  operators = local.at_home ? toset(var.operators) : toset([])
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
