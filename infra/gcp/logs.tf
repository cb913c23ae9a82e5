# SPDX-License-Identifier: Apache-2.0
# How long are the functions' logs kept? They have their own bucket, so that the project's other logs are not affected.

resource "google_logging_project_bucket_config" "functions" {
  project        = var.project
  location       = var.region
  bucket_id      = var.prefix
  description    = "Logs of the functions of ${var.prefix}"
  retention_days = var.log_days

  depends_on = [google_project_service.needed]
}

resource "google_logging_project_sink" "functions" {
  name                   = "${var.prefix}-functions"
  destination            = "logging.googleapis.com/${google_logging_project_bucket_config.functions.id}"
  filter                 = "resource.type=\"cloud_run_revision\" AND resource.labels.service_name=~\"^(${join("|", [for step in keys(local.functions) : local.name[step]])})$\""
  unique_writer_identity = true
}
