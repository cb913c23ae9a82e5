# SPDX-License-Identifier: Apache-2.0
# What do others have to know of a function?

output "url" {
  description = "Where it answers."
  value       = google_cloudfunctions2_function.this.service_config[0].uri
}

output "name" {
  description = "Of the function and of its Cloud Run service."
  value       = google_cloudfunctions2_function.this.name
}
