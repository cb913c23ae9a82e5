# SPDX-License-Identifier: Apache-2.0
# What may an organisation require of everything in its projects? If it requires nothing, leave these as they are.

variable "labels" {
  description = "Labels of everything that Terraform makes here, as far as Google knows labels of it, and of all that functions create."
  type        = map(string)
  default     = {}

  validation {
    condition = alltrue([
      for key, value in var.labels :
      can(regex("^[\\p{Ll}\\p{Lo}][\\p{Ll}\\p{Lo}\\p{N}_-]{0,62}$", key)) && can(regex("^[\\p{Ll}\\p{Lo}\\p{N}_-]{0,63}$", value)) &&
      !can(regex("^(goog|federation_)", key))
    ])
    error_message = "labels have small letters, digits, _ and - in keys and values, 63 at most, and a letter first in keys; keys that begin with goog or federation_ are taken. These are ${join(", ", keys(var.labels))}."
  }
}

variable "tags" {
  description = "Tags of what functions create, beside `labels` and `project`, for platforms that require what a label cannot say, such as AWS with capitals."
  type        = map(string)
  default     = {}

  validation {
    # AWS takes fifty of each resource; `project` and two that functions set themselves are the others.
    condition = length(merge(var.labels, var.tags)) <= 47 && alltrue([
      for key, value in var.tags :
      can(regex("^[\\p{L}\\p{Z}\\p{N}_.:/=+@-]{1,128}$", key)) && can(regex("^[\\p{L}\\p{Z}\\p{N}_.:/=+@-]{0,256}$", value)) &&
      !can(regex("(?i)^(aws:|federation[:_])", key))
    ])
    error_message = "tags and labels are at most 47; tags have letters, digits, spaces and _ . : / = + - @, keys up to 128 and values up to 256 characters; keys that begin with aws: or federation: are taken. These are ${join(", ", keys(var.tags))}."
  }
}

variable "key" {
  description = "A key of yours that encrypts instead of one made here (decide before the first apply), projects/P/locations/L/keyRings/R/cryptoKeys/K, in this region. Let this project's agents of Cloud Storage and Pub/Sub use it (roles/cloudkms.cryptoKeyEncrypterDecrypter) before you apply."
  type        = string
  default     = null

  validation {
    condition     = can(regex("^projects/[^/]+/locations/${var.region}/keyRings/[^/]+/cryptoKeys/[^/]+$", coalesce(var.key, "projects/p/locations/${var.region}/keyRings/made/cryptoKeys/here")))
    error_message = "key is projects/P/locations/L/keyRings/R/cryptoKeys/K, without a version, in the variable region."
  }
}

variable "network" {
  description = "The Serverless VPC Access connector that functions have to leave by, and what leaves so: ALL_TRAFFIC or PRIVATE_RANGES_ONLY. From there they have to reach the Hub and Google's services over HTTPS."
  type = object({
    connector = string
    egress    = optional(string, "ALL_TRAFFIC")
  })
  default = null

  validation {
    condition     = contains(["ALL_TRAFFIC", "PRIVATE_RANGES_ONLY"], try(var.network.egress, "ALL_TRAFFIC"))
    error_message = "network.egress is ALL_TRAFFIC or PRIVATE_RANGES_ONLY."
  }
}

variable "public_url" {
  description = "Let `receive` be reached from outside the project; it judges every caller itself. False where the organisation allows no such function: then only the sweep tells of the Hub's pushes, so let it come more often."
  type        = bool
  default     = true

  validation {
    condition     = var.public_url || length(var.webhooks) == 0
    error_message = "webhooks deliver to the URL of `receive`; without a public_url leave webhooks empty."
  }
}

variable "notification_channels" {
  description = "Notification channels of yours that hear what `alarm_emails` hear, projects/P/notificationChannels/ID."
  type        = list(string)
  default     = []
}

locals {
  key = one(concat(var.key[*], google_kms_crypto_key.federation[*].id))
}
