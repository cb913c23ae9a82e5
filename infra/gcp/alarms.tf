# SPDX-License-Identifier: Apache-2.0
# Which alarms exist? Alarms on the service, which roll a release back, and alarms on ourselves, which call a person.

locals {
  serves      = var.endpoint != ""
  endpoint_id = element(reverse(split("/", var.endpoint)), 0)
  # Names in full, because another home's prefix may begin with this one's.
  our_services      = "monitoring.regex.full_match(\"${join("|", [for step in keys(local.functions) : local.name[step]])}\")"
  our_subscriptions = "monitoring.regex.full_match(\"(${join("|", concat([for step in keys(local.functions) : local.name[step]], formatlist("${var.prefix}-%s", keys(local.doors))))})(-[0-9]+-[0-9a-f]{8})?\")"
  people            = concat([for channel in google_monitoring_notification_channel.email : channel.id], var.notification_channels)

  slos = local.serves ? {
    errors = {
      says      = "Too many answers of the endpoint are errors: the serving release is rolled back."
      metric    = "prediction/online/error_count"
      aligner   = "ALIGN_RATE"
      reducer   = "REDUCE_SUM"
      threshold = var.slo.errors_per_second
    }
    p95 = {
      says      = "The 95th percentile of the endpoint's latency is too high: the serving release is rolled back."
      metric    = "prediction/online/prediction_latencies"
      aligner   = "ALIGN_DELTA"
      reducer   = "REDUCE_PERCENTILE_95"
      threshold = var.slo.p95_ms
    }
  } : {}

  own = merge(local.at_home ? {
    roll-back = {
      says      = "A roll-back failed, or found no free instance; it is delivered again within seconds, then minutes. See its log, or go back by hand: `federation rollback --direct`."
      filter    = "metric.type=\"run.googleapis.com/request_count\" AND resource.type=\"cloud_run_revision\" AND metric.labels.response_code_class!=\"2xx\" AND resource.labels.service_name=\"${local.name.roll_back}\""
      aligner   = "ALIGN_DELTA"
      threshold = 0
    }
    } : {}, {
    dead-letters = {
      says      = "Something was delivered for hours in vain. `federation redrive` lists it and sends it again."
      filter    = "metric.type=\"pubsub.googleapis.com/subscription/num_undelivered_messages\" AND resource.type=\"pubsub_subscription\" AND resource.labels.subscription_id=\"${var.prefix}-dead\""
      aligner   = "ALIGN_MAX"
      threshold = 0
    }
    waits = {
      says      = "A message has waited for a quarter of an hour: a function does not run, or fails again and again."
      filter    = "metric.type=\"pubsub.googleapis.com/subscription/oldest_unacked_message_age\" AND resource.type=\"pubsub_subscription\" AND resource.labels.subscription_id=${local.our_subscriptions}"
      aligner   = "ALIGN_MAX"
      threshold = 900
    }
    errors = {
      says      = "A function answers with 5xx; what it could not do is delivered again."
      filter    = "metric.type=\"run.googleapis.com/request_count\" AND resource.type=\"cloud_run_revision\" AND metric.labels.response_code_class=\"5xx\" AND resource.labels.service_name=${local.our_services}"
      aligner   = "ALIGN_DELTA"
      threshold = 5
    }
  })
}

resource "google_monitoring_notification_channel" "receive" {
  count = contains(keys(local.doors), "alerts") ? 1 : 0

  display_name = "${var.prefix}: receive"
  type         = "pubsub"
  labels       = { topic = google_pubsub_topic.door["alerts"].id }
}

resource "google_pubsub_topic_iam_member" "alerts" {
  count = contains(keys(local.doors), "alerts") ? 1 : 0

  topic  = google_pubsub_topic.door["alerts"].id
  role   = "roles/pubsub.publisher"
  member = local.agents.monitoring

  # The account exists only once there is a channel.
  depends_on = [google_monitoring_notification_channel.receive]
}

resource "google_monitoring_notification_channel" "email" {
  for_each = toset(var.alarm_emails)

  display_name = each.key
  type         = "email"
  labels       = { email_address = each.key }

  depends_on = [google_project_service.needed]
}

resource "google_monitoring_alert_policy" "slo" {
  for_each = local.slos

  display_name          = "${var.prefix}-slo-${each.key}"
  combiner              = "OR"
  notification_channels = concat([google_monitoring_notification_channel.receive[0].id], local.people)
  user_labels           = { federation = "slo" }

  documentation {
    content = each.value.says
  }

  # Half an hour is the least that Google accepts: an incident that nothing closes would swallow the next breach.
  alert_strategy {
    auto_close = "1800s"
  }

  conditions {
    display_name = each.key

    condition_threshold {
      filter          = "metric.type=\"aiplatform.googleapis.com/${each.value.metric}\" AND resource.type=\"aiplatform.googleapis.com/Endpoint\" AND resource.labels.endpoint_id=\"${local.endpoint_id}\""
      comparison      = "COMPARISON_GT"
      threshold_value = each.value.threshold
      duration        = "${60 * var.slo.minutes}s"

      # No request means no error and no slow answer.
      evaluation_missing_data = "EVALUATION_MISSING_DATA_INACTIVE"

      aggregations {
        alignment_period     = "60s"
        per_series_aligner   = each.value.aligner
        cross_series_reducer = each.value.reducer
      }

      trigger {
        count = 1
      }
    }
  }
}

resource "google_monitoring_alert_policy" "own" {
  for_each = local.own

  display_name          = "${var.prefix}-${each.key}"
  combiner              = "OR"
  notification_channels = local.people

  documentation {
    content = each.value.says
  }

  alert_strategy {
    auto_close = "1800s"
  }

  conditions {
    display_name = each.key

    condition_threshold {
      filter          = each.value.filter
      comparison      = "COMPARISON_GT"
      threshold_value = each.value.threshold
      duration        = "60s"

      # It takes a duration of at least a minute; one failure stays visible for five, so that is long enough.
      evaluation_missing_data = "EVALUATION_MISSING_DATA_INACTIVE"

      aggregations {
        alignment_period   = "300s"
        per_series_aligner = each.value.aligner
      }

      trigger {
        count = 1
      }
    }
  }

  depends_on = [google_project_service.needed]
}
