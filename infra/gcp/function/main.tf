# SPDX-License-Identifier: Apache-2.0
# One step as one function, with its own service account; only the callers named here may call it.

resource "google_cloudfunctions2_function" "this" {
  name     = var.name
  location = var.region

  build_config {
    runtime         = "python313"
    entry_point     = var.step
    service_account = var.builder

    source {
      storage_source {
        bucket = var.package_bucket
        object = var.package
      }
    }
  }

  service_config {
    service_account_email            = var.service_account
    environment_variables            = var.environment
    timeout_seconds                  = var.timeout
    available_memory                 = "${var.memory}Mi"
    available_cpu                    = "1"
    min_instance_count               = var.warm
    max_instance_count               = var.concurrency
    max_instance_request_concurrency = var.requests
    ingress_settings                 = var.public ? "ALLOW_ALL" : "ALLOW_INTERNAL_ONLY"
    all_traffic_on_latest_revision   = true
    vpc_connector                    = try(var.network.connector, null)
    vpc_connector_egress_settings    = try(var.network.egress, null)
  }
}

resource "google_cloud_run_service_iam_member" "invoker" {
  #checkov:skip=CKV_GCP_102: `receive` alone: the Hub cannot show a token of Google; it compares the Hub's secret and verifies all other tokens before all else
  count = var.asked ? 1 : 0

  location = var.region
  service  = google_cloudfunctions2_function.this.name
  role     = "roles/run.invoker"
  member   = var.invoker
}
