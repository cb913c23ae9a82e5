# SPDX-License-Identifier: Apache-2.0
# How does an event reach the steps that hear it? One topic, which pushes to each step the types named in
# events/routes.json.
#
# A filter has at most 256 bytes, enough for four of our types, so a step that hears more has several subscriptions. None is
# ordered: no step relies on order, and an event that fails for hours would delay all others of its subject, such as a
# breach of the same channel.
#
# Google cannot change the filter of an existing subscription. So the filter's digest is part of the name, and the new
# subscription is created before the old one is deleted: a step misses nothing that is published in between. Messages that
# the old one still held are lost with it; docs/deploy-gcp.md says how to wind back the new one.

locals {
  # The waits grow from 10 s to 10 minutes: the first six take ten and a half minutes, each further one ten more, so a
  # message becomes a dead letter after seven hours. A 429 of Cloud Run, which means no free instance, counts as a delivery
  # too.
  deliveries = 50

  subscriptions = merge([
    for step, types in(local.at_home ? local.hears : {}) : {
      for index, few in chunklist(types, 4) : "${local.name[step]}-${index}" => {
        step   = step
        filter = join(" OR ", [for type in few : "attributes.type=\"${type}\""])
      }
    }
  ]...)
}

resource "google_pubsub_topic" "events" {
  count = local.at_home ? 1 : 0

  name                       = local.events_topic
  kms_key_name               = local.key
  message_retention_duration = "604800s"

  depends_on = [google_kms_crypto_key_iam_member.agent]
}

resource "google_pubsub_topic" "dead" {
  name         = "${var.prefix}-dead"
  kms_key_name = local.key

  depends_on = [google_kms_crypto_key_iam_member.agent]
}

# Here dead letters wait for a person; each names the subscription that gave it up.
resource "google_pubsub_subscription" "dead" {
  name                       = "${var.prefix}-dead"
  topic                      = google_pubsub_topic.dead.id
  message_retention_duration = "2678400s"

  expiration_policy {
    ttl = ""
  }
}

resource "google_pubsub_topic_iam_member" "gives_up" {
  topic  = google_pubsub_topic.dead.id
  role   = "roles/pubsub.publisher"
  member = local.agents.pubsub
}

resource "google_pubsub_subscription" "step" {
  for_each = local.subscriptions

  name                 = "${each.key}-${substr(sha256(each.value.filter), 0, 8)}"
  topic                = google_pubsub_topic.events[0].id
  filter               = each.value.filter
  ack_deadline_seconds = local.grants[each.value.step].timeout

  push_config {
    # functions-framework takes the topic's name from the path.
    push_endpoint = "${module.function[each.value.step].url}/${google_pubsub_topic.events[0].id}"

    oidc_token {
      service_account_email = google_service_account.push.email
      audience              = module.function[each.value.step].url
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

  lifecycle {
    create_before_destroy = true

    precondition {
      condition     = length(each.value.filter) <= 256
      error_message = "Pub/Sub takes filters of 256 bytes; put fewer types into one subscription (chunklist above)."
    }
  }

  depends_on = [google_service_account_iam_member.push_tokens]
}

resource "google_pubsub_subscription_iam_member" "gives_up" {
  for_each = merge(google_pubsub_subscription.step, google_pubsub_subscription.door)

  subscription = each.value.id
  role         = "roles/pubsub.subscriber"
  member       = local.agents.pubsub
}
