# SPDX-License-Identifier: Apache-2.0
# One zip, many functions: each step has its own entry point, service account, time and memory.

resource "google_service_account" "builder" {
  account_id   = "${var.prefix}-builder"
  display_name = "${var.prefix}: builds the functions"

  depends_on = [google_project_service.needed]
}

resource "google_project_iam_member" "builder" {
  for_each = toset(["roles/artifactregistry.writer", "roles/logging.logWriter"])

  project = var.project
  role    = each.key
  member  = google_service_account.builder.member
}

resource "google_storage_bucket_iam_member" "builder" {
  bucket = google_storage_bucket.packages.name
  role   = "roles/storage.objectViewer"
  member = google_service_account.builder.member
}

# Cloud Functions copies the source into its own bucket before it builds.
resource "google_project_iam_member" "builder_source" {
  project = var.project
  role    = "roles/storage.objectViewer"
  member  = google_service_account.builder.member

  condition {
    title      = "sources that Cloud Functions uploaded"
    expression = "resource.name.startsWith(\"projects/_/buckets/gcf-v2-sources-${var.project_number}-\")"
  }
}

resource "google_service_account" "push" {
  account_id   = "${var.prefix}-push"
  display_name = "${var.prefix}: whose tokens Pub/Sub shows to the functions"

  depends_on = [google_project_service.needed]
}

# Pub/Sub creates the tokens itself.
resource "google_service_account_iam_member" "push_tokens" {
  service_account_id = google_service_account.push.id
  role               = "roles/iam.serviceAccountTokenCreator"
  member             = local.agents.pubsub
}

module "function" {
  source   = "./function"
  for_each = local.functions

  step            = each.key
  name            = local.name[each.key]
  region          = var.region
  package_bucket  = google_storage_bucket.packages.name
  package         = google_storage_bucket_object.package.name
  builder         = google_service_account.builder.id
  service_account = google_service_account.step[each.key].email
  environment = merge(
    local.environment,
    lookup(local.hub_environment, each.key, {}),
    lookup(local.aws_environment, each.key, {}),
    lookup(local.jobs_environment, each.key, {}),
  )
  timeout     = each.value.timeout
  memory      = each.value.memory
  concurrency = each.value.concurrency
  # `receive` takes as many requests as functions-framework has threads on one CPU, so that a burst of notifications does
  # not wait for new instances; an instance of any other step takes one.
  requests = each.key == "receive" ? 4 : 1
  warm     = each.key == "roll_back" && var.warm_roll_back ? 1 : 0
  # Only the Hub and the senders of var.webhooks call from outside. `receive` checks every token itself: Cloud Run would
  # accept only tokens for its own URL, and no setting of the function can name that URL before it exists.
  public  = each.key == "receive" && local.at_home && var.public_url
  invoker = each.key == "receive" ? "allUsers" : google_service_account.push.member
  asked   = each.key != "receive" || var.all_users
  network = var.network

  depends_on = [
    google_project_iam_member.builder, google_project_iam_member.builder_source, google_storage_bucket_iam_member.builder,
  ]
}
