# SPDX-License-Identifier: Apache-2.0
# How do events in this project reach `receive`? Through three doors, each a topic whose push proves its purpose.

locals {
  # Away from home there are no ticks, and an endpoint has alarms only if it is here. `receive` recognises a tick by the
  # word `tick` in the subscription's name, since the data say nothing else.
  doors = merge(
    { completions = "vertex/gcs" },
    local.at_home || var.endpoint != "" ? { alerts = "alerts" } : {},
    local.at_home ? { tick = "tick" } : {},
  )
}

resource "google_pubsub_topic" "door" {
  for_each = local.doors

  name         = "${var.prefix}-${each.key}"
  kms_key_name = local.key

  depends_on = [google_kms_crypto_key_iam_member.agent]
}

resource "google_pubsub_subscription" "door" {
  for_each = local.doors

  name                 = "${var.prefix}-${each.key}"
  topic                = google_pubsub_topic.door[each.key].id
  ack_deadline_seconds = 60

  push_config {
    push_endpoint = module.function["receive"].url

    oidc_token {
      service_account_email = google_service_account.push.email
      audience              = local.audiences[each.value]
    }
  }

  retry_policy {
    minimum_backoff = "10s"
    maximum_backoff = "600s"
  }

  dead_letter_policy {
    dead_letter_topic     = google_pubsub_topic.dead.id
    max_delivery_attempts = local.deliveries
  }

  expiration_policy {
    ttl = ""
  }

  depends_on = [google_service_account_iam_member.push_tokens]
}

# Exactly what federation/sources/vertex.py reads as a completion: ends of pipelines, the service's own log line at the end
# of a custom job, and the last audit entry of a model's upload. In the Logging query language a bare string after OR would
# be searched for in every field of every entry, hence the inner brackets.
locals {
  completions = [
    join(" AND ", [
      "logName=\"projects/${var.project}/logs/aiplatform.googleapis.com%2Fpipeline_job_events\"",
      "jsonPayload.state=\"PIPELINE_STATE_SUCCEEDED\"",
    ]),
    join(" AND ", [
      "resource.type=\"ml_job\"",
      "resource.labels.task_name=\"service\"",
      "(textPayload=\"Job completed successfully.\" OR jsonPayload.message=\"Job completed successfully.\")",
    ]),
    join(" AND ", [
      "logName=\"projects/${var.project}/logs/cloudaudit.googleapis.com%2Factivity\"",
      "protoPayload.serviceName=\"aiplatform.googleapis.com\"",
      "protoPayload.methodName=~\"ModelService\\.UploadModel$\"",
      "operation.last=true",
    ]),
  ]
}

resource "google_logging_project_sink" "completions" {
  name                   = "${var.prefix}-completions"
  destination            = "pubsub.googleapis.com/${google_pubsub_topic.door["completions"].id}"
  unique_writer_identity = true

  filter = join(" OR ", formatlist("(%s)", local.completions))
}

resource "google_pubsub_topic_iam_member" "logs" {
  topic  = google_pubsub_topic.door["completions"].id
  role   = "roles/pubsub.publisher"
  member = google_logging_project_sink.completions.writer_identity
}

resource "google_pubsub_topic_iam_member" "storage" {
  topic  = google_pubsub_topic.door["completions"].id
  role   = "roles/pubsub.publisher"
  member = local.agents.storage
}

# Storage cannot filter by the end of a name, so it reports every new object, and `receive` ignores all but the sentinel.
resource "google_storage_notification" "artifacts" {
  bucket         = google_storage_bucket.artifacts.name
  topic          = google_pubsub_topic.door["completions"].id
  payload_format = "JSON_API_V1"
  event_types    = ["OBJECT_FINALIZE"]

  depends_on = [google_pubsub_topic_iam_member.storage]
}

resource "google_cloud_scheduler_job" "tick" {
  for_each = local.at_home ? { for kind in ["sweep", "alarms", "merge", "promote"] : kind => var.schedules[kind] } : {}

  name        = "${var.prefix}-${each.key}"
  region      = var.region
  description = "The tick of ${each.key}"
  schedule    = each.value
  time_zone   = var.schedules.time_zone

  pubsub_target {
    topic_name = google_pubsub_topic.door["tick"].id
    data       = base64encode(jsonencode({ kind = each.key }))
  }

  retry_config {
    retry_count          = 5
    min_backoff_duration = "10s"
  }
}
