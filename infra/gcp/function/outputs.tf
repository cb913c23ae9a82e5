# SPDX-License-Identifier: Apache-2.0
# What do other files need to know about a function?

output "url" {
  description = "Where it answers."
  value       = google_cloudfunctions2_function.this.service_config[0].uri
}

output "name" {
  description = "Of the function and of its Cloud Run service."
  value       = google_cloudfunctions2_function.this.name
}
