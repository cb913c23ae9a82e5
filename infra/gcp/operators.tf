# SPDX-License-Identifier: Apache-2.0
# What may a person do? Every day: give orders and look. In an emergency: act as `roll_back`, for `rollback --direct`.

locals {
  operators           = local.at_home ? toset(var.operators) : toset([])
  emergency_operators = local.at_home ? toset(var.emergency_operators) : toset([])

  at_doors = {
    for pair in setproduct(local.operators, keys(local.doors)) : "${pair[0]}/${pair[1]}" => { member = pair[0], door = pair[1] }
  }
  at_artifacts = {
    for pair in setproduct(local.operators, range(length(local.artifact_buckets))) :
    "${pair[0]}/${pair[1]}" => { member = pair[0], bucket = local.artifact_buckets[pair[1]] }
  }
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

# `federation replay` reads what a gate read at that time.
resource "google_storage_bucket_iam_member" "operator_units" {
  for_each = local.at_artifacts

  bucket = each.value.bucket
  role   = google_project_iam_custom_role.narrow["unitReader"].id
  member = each.value.member
}

resource "google_storage_bucket_iam_member" "operator_writes" {
  for_each = local.operators

  bucket = google_storage_bucket.store[0].name
  role   = "roles/storage.objectCreator"
  member = each.key

  condition {
    title      = "new policies, and that ticks were given by hand"
    expression = join(" || ", [for name in ["policies", "ticks"] : "resource.name.startsWith(\"${local.objects}documents/${name}/\")"])
  }
}

resource "google_pubsub_subscription_iam_member" "operator_dead_letters" {
  for_each = local.operators

  subscription = google_pubsub_subscription.dead.id
  role         = "roles/pubsub.subscriber"
  member       = each.key
}

# `federation redrive` sends what a door could not take to the door's topic, which it learns from the door's subscription.
resource "google_pubsub_subscription_iam_member" "operator_doors" {
  for_each = local.at_doors

  subscription = google_pubsub_subscription.door[each.value.door].id
  role         = google_project_iam_custom_role.narrow["subscriptionReader"].id
  member       = each.value.member
}

resource "google_pubsub_topic_iam_member" "operator_doors" {
  for_each = local.at_doors

  topic  = google_pubsub_topic.door[each.value.door].id
  role   = "roles/pubsub.publisher"
  member = each.value.member
}

# An access token of this one account for an hour; no key, signature or identity token of it, which Token Creator would give
# too.
resource "google_service_account_iam_member" "emergency" {
  for_each = local.emergency_operators

  service_account_id = google_service_account.step["roll_back"].id
  role               = google_project_iam_custom_role.narrow["impersonator"].id
  member             = each.key
}
