# SPDX-License-Identifier: Apache-2.0
# What may an organisation require of everything in its accounts? If it requires nothing, leave these as they are.

variable "tags" {
  description = "Tags of everything that Terraform makes here but the package, and of all that functions create, beside `project`."
  type        = map(string)
  default     = {}

  validation {
    # AWS takes fifty of each resource; `project` and two that functions set themselves are the others.
    condition = length(var.tags) <= 47 && alltrue([
      for key, value in var.tags :
      can(regex("^[\\p{L}\\p{Z}\\p{N}_.:/=+@-]{1,128}$", key)) && can(regex("^[\\p{L}\\p{Z}\\p{N}_.:/=+@-]{0,256}$", value)) &&
      !can(regex("(?i)^(aws:|federation[:_])", key))
    ])
    error_message = "tags are at most 47, of letters, digits, spaces and _ . : / = + - @, with keys up to 128 and values up to 256 characters; keys that begin with aws: or federation: are taken. These are ${join(", ", keys(var.tags))}."
  }

  validation {
    condition     = length(distinct([for key in keys(merge({ project = "" }, var.tags)) : substr(trim(replace(lower(key), "/[^a-z0-9_-]/", "_"), "_-"), 0, 63)])) == length(merge({ project = "" }, var.tags))
    error_message = "tags are labels in small letters elsewhere, and then two of these keys, or one and project, are one: ${join(", ", keys(var.tags))}."
  }
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
  key  = one(concat(var.key[*], aws_kms_key.federation[*].arn))
  tags = merge({ project = var.prefix }, var.tags)
}
