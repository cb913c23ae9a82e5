# SPDX-License-Identifier: Apache-2.0
# Where do jobs run that run on neither of the two clouds?

variable "azure" {
  description = "Where Azure Machine Learning runs jobs, and the application that this home is there (docs/settings.md, FEDERATION_AZURE). A function shows a token that STS signs for `audience`, valid for `seconds`; or the one in the file `assertion`."
  type = object({
    subscription = string
    group        = string
    workspace    = string
    region       = string
    tenant       = string
    client       = string
    identity     = optional(string, "")
    assertion    = optional(string, "")
    audience     = optional(string, "api://AzureADTokenExchange")
    seconds      = optional(number, 300)
  })
  default = null

  validation {
    condition     = try(var.azure.seconds >= 60 && var.azure.seconds <= 3600, true)
    error_message = "azure.seconds is 60 to 3600, as STS takes it."
  }
}

variable "clusters" {
  description = "Kubernetes clusters that run jobs, by the platform's name in the policy (docs/settings.md, FEDERATION_CLUSTERS). `context` is of the account `launch` of infra/kubernetes, `observe` of that which only looks; without it all use the first."
  type = map(object({
    namespace = string
    context   = string
    observe   = optional(string)
    placement = optional(object({
      service_account  = optional(string)
      secret           = optional(string)
      spot_selector    = optional(map(string), {})
      spot_tolerations = optional(list(map(string)), [])
    }), {})
  }))
  default = {}

  validation {
    condition     = length(var.clusters) == 0 || var.kubeconfig != ""
    error_message = "clusters are reached by contexts of a kubeconfig; say in kubeconfig where in the function it lies."
  }
}

variable "kubeconfig" {
  description = "Where in the function the kubeconfig of those contexts lies, such as /var/task/kubeconfig for a file that was added to the package."
  type        = string
  default     = ""
}
