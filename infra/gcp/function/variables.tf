# SPDX-License-Identifier: Apache-2.0
# What defines one function?

variable "step" {
  description = "The step, which is also the entry point's name."
  type        = string
}

variable "name" {
  description = "Of the function."
  type        = string
}

variable "region" {
  description = "Where it runs."
  type        = string
}

variable "package_bucket" {
  description = "The bucket that the package lies in."
  type        = string
}

variable "package" {
  description = "The package's object."
  type        = string
}

variable "builder" {
  description = "The service account that builds it, projects/P/serviceAccounts/EMAIL."
  type        = string
}

variable "service_account" {
  description = "As whom it acts."
  type        = string
}

variable "environment" {
  description = "FEDERATION_* settings."
  type        = map(string)
}

variable "timeout" {
  description = "Seconds."
  type        = number
}

variable "memory" {
  description = "Mebibytes."
  type        = number
}

variable "concurrency" {
  description = "How many may run at once."
  type        = number
}

variable "requests" {
  description = "How many requests one instance takes at once."
  type        = number
}

variable "warm" {
  description = "How many always run."
  type        = number
}

variable "public" {
  description = "Whether it may be called from outside the project."
  type        = bool
}

variable "invoker" {
  description = "Who may call it, as an IAM member."
  type        = string
}

variable "asked" {
  description = "Whether Cloud Run asks who calls."
  type        = bool
}

variable "network" {
  description = "The connector that it has to leave by, and what leaves so, or null."
  type        = object({ connector = string, egress = string })
}
