# SPDX-License-Identifier: Apache-2.0
# What may an organisation require of everything in its accounts? If it requires nothing, leave these as they are.

variable "tags" {
  description = "Tags of everything that Terraform makes here but the package, beside `project`."
  type        = map(string)
  default     = {}
}

variable "permissions_boundary" {
  description = "ARN of the policy that every role has to have as its boundary. It has to allow what infra/aws allows, or functions fail."
  type        = string
  default     = null
}

variable "key" {
  description = "ARN of a key of yours that encrypts instead of one made here; decide before the first apply. It lies in this region, and its policy lets CloudWatch and its logs use it as key.tf does."
  type        = string
  default     = null

  validation {
    condition     = can(regex("^arn:[a-z-]+:kms:${var.region}:[0-9]{12}:key/", coalesce(var.key, "arn:aws:kms:${var.region}:111122223333:key/made-here")))
    error_message = "key is the ARN of a key (not of its alias) in the variable region."
  }
}

variable "artifact_keys" {
  description = "ARNs of the keys that encrypt `artifact_buckets`; allow decryption in their own policies as well."
  type        = list(string)
  default     = []
}

variable "network" {
  description = "Subnets and security groups that functions have to run in. From there they have to reach the Hub and AWS's services over HTTPS; the queues, schedules and the URL reach them without it."
  type = object({
    subnets         = list(string)
    security_groups = list(string)
  })
  default = null
}

variable "public_url" {
  description = "Give `receive` a URL, which it lets anybody call and judges every caller itself. False where the organisation allows none: then only the sweep tells of the Hub's pushes, so let it come more often."
  type        = bool
  default     = true

  validation {
    condition     = var.public_url || length(var.webhooks) == 0
    error_message = "webhooks deliver to the URL of `receive`; without a public_url leave webhooks empty."
  }
}

locals {
  key = one(concat(var.key[*], aws_kms_key.federation[*].arn))
}
