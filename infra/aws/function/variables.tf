# SPDX-License-Identifier: Apache-2.0
# What defines one function?

variable "step" {
  description = "The step, which is also the entry point's name."
  type        = string
}

variable "name" {
  description = "Of the function, its role and its log."
  type        = string
}

variable "package" {
  description = "The zip: where it lies, and its SHA-256 in base64."
  type        = object({ bucket = string, key = string, hash = string })
}

variable "architecture" {
  description = "x86_64 or arm64."
  type        = string
}

variable "timeout" {
  description = "Seconds."
  type        = number
}

variable "memory" {
  description = "Megabytes."
  type        = number
}

variable "concurrency" {
  description = "How many may run at once and are reserved for it; -1 reserves none."
  type        = number
}

variable "environment" {
  description = "FEDERATION_* settings."
  type        = map(string)
}

variable "failures" {
  description = "How many events may go back to the queue within so many seconds before a person hears of it, and what they are advised."
  type        = object({ events = number, seconds = number, advice = string })
}

variable "queue" {
  description = "ARN of the queue that it is fed from."
  type        = string
}

variable "key" {
  description = "ARN of the key of log and settings."
  type        = string
}

variable "topic" {
  description = "ARN of the topic that hears of failures."
  type        = string
}

variable "log_days" {
  description = "How long its log is kept."
  type        = number
}

variable "boundary" {
  description = "ARN of the policy that bounds its role, or null."
  type        = string
}

variable "network" {
  description = "Where it has to run, or null."
  type        = object({ subnets = list(string), security_groups = list(string) })
}
