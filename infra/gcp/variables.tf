# SPDX-License-Identifier: Apache-2.0
# What must be known about a project before the federation can live in it?

variable "home" {
  description = "Where the steps run: `gcp` puts all of them here, `aws` only `receive` and what AWS's functions may do here."
  type        = string
  default     = "gcp"

  validation {
    condition     = contains(["aws", "gcp"], var.home)
    error_message = "home is aws or gcp."
  }

  validation {
    condition     = var.home != "aws" || var.aws != null
    error_message = "With home = aws, say in the variable aws where home is: `receive` here announces on its bus."
  }
}

variable "project" {
  description = "The project's id."
  type        = string
}

variable "project_number" {
  description = "The project's number: `gcloud projects describe PROJECT --format 'value(projectNumber)'`."
  type        = string

  validation {
    condition     = can(regex("^[0-9]{6,19}$", var.project_number))
    error_message = "project_number is digits only."
  }
}

variable "region" {
  description = "The region of everything."
  type        = string
}

variable "prefix" {
  description = "Begins every name, so that two federations fit into one project. A home keeps it: another one is another home, with an empty store."
  type        = string
  default     = "federation"

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,17}$", var.prefix))
    error_message = "prefix is 2 to 18 lower-case letters, digits and hyphens."
  }

  validation {
    condition     = !can(regex("^(gcp-|goog)|google", var.prefix))
    error_message = "prefix neither begins with gcp- or goog nor holds google: such names are kept for Google's own."
  }
}

variable "package" {
  description = "The zip that infra/package.py built."
  type        = string
  default     = "../../dist/federation-gcp.zip"
}

variable "artifact_buckets" {
  description = "Further buckets that units are read from; have them notify the topic `completions` yourself."
  type        = list(string)
  default     = []
}

variable "hub" {
  description = "The Hub: the repository that releases are published to, whose pushes count, which refs, and the repositories that the sweep looks through."
  type = object({
    registry = string
    owners   = list(string)
    refs     = optional(list(string), ["refs/heads/main"])
    repos    = optional(list(string), [])
  })
}

variable "endpoint" {
  description = "The Vertex endpoint that serves, projects/P/locations/L/endpoints/ID, or empty when the nodes are elsewhere."
  type        = string
  default     = ""

  validation {
    condition     = can(regex("^(projects/[^/]+/locations/[^/]+/endpoints/[0-9]+)?$", var.endpoint))
    error_message = "endpoint is projects/P/locations/L/endpoints/ID, with the endpoint's number and not its display name."
  }
}

variable "channel" {
  description = "The channel that the policy names, which the endpoint serves."
  type        = string
  default     = "production"
}

variable "slo" {
  description = "When the serving endpoint is too bad: errors per second, and milliseconds of the p95."
  type = object({
    errors_per_second = optional(number, 1)
    p95_ms            = optional(number, 500)
    minutes           = optional(number, 3)
  })
  default = {}

  validation {
    condition     = var.slo.minutes >= 1 && var.slo.minutes <= 180 && floor(var.slo.minutes) == var.slo.minutes
    error_message = "slo.minutes is a whole number from 1 to 180."
  }
}

variable "schedules" {
  description = "When the ticks are due, as cron lines; keep them as the policy's cadence says."
  type = object({
    time_zone = optional(string, "Europe/Berlin")
    sweep     = optional(string, "0 6 * * *")
    alarms    = optional(string, "*/5 * * * *")
    merge     = optional(string, "0 9 * * 1,4")
    promote   = optional(string, "*/30 10-13 * * 2")
  })
  default = {}
}

variable "azure" {
  description = "Where Azure Machine Learning runs jobs, and the application that this home is there (docs/settings.md, FEDERATION_AZURE); the functions' own identity tokens are the proof."
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
  })
  default = null
}

variable "webhooks" {
  description = "Who besides the Hub may deliver to the door's URL, at home: alertmanager, grafana, event-grid (the ends of runs in `azure`). Each gets the place of a secret; put its value before you apply the rest."
  type        = set(string)
  default     = []

  validation {
    condition     = length(setsubtract(var.webhooks, ["alertmanager", "event-grid", "grafana"])) == 0
    error_message = "webhooks are alertmanager, event-grid and grafana."
  }

  validation {
    condition     = !contains(var.webhooks, "event-grid") || var.azure != null
    error_message = "event-grid tells of runs in the workspace of the variable azure; set that one too."
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
  description = "Where in the function the kubeconfig of those contexts lies, such as /workspace/kubeconfig for a file that was added to the package."
  type        = string
  default     = ""
}

variable "trust" {
  description = "Further keys of the trust document (docs/sources.md); they win over what is put together here. A secret of your own that one refers to is yours to open for `receive`: one that it may not read stops every sender that shows one."
  type        = any
  default     = {}
  nullable    = false

  validation {
    condition = alltrue([for key in keys(var.trust) : contains([
      "alertmanager_token", "aws_accounts", "azure_token", "azure_workspaces", "gcp_project",
      "gcp_project_number", "gcs_buckets", "grafana_secret", "grafana_timestamp_header", "hf_owner",
      "hf_refs", "hf_registry", "hf_secret", "oidc_audience", "push_email",
      "push_subscriptions", "s3_buckets", "scheduler_email", "sentinel", "sns_topics",
      "tick_subscriptions",
    ], key)])
    error_message = "One of ${join(", ", keys(var.trust))} is not a key of the trust document, and would have no effect. docs/sources.md lists the keys."
  }

  validation {
    condition = alltrue([
      for key in ["alertmanager_token", "azure_token", "grafana_secret", "hf_secret"] :
      try(var.trust[key], null) == null || can(var.trust[key].secret)
    ])
    error_message = "What a sender shows is no setting: it would lie in the state and in every function's environment. Put it where secrets lie, and name that place: { secret = \"projects/.../versions/latest\" }."
  }
}

variable "warm_roll_back" {
  description = "Keep one instance of roll_back running, so that the way back never waits for a start."
  type        = bool
  default     = true
}

variable "all_users" {
  description = "Let `allUsers` call `receive`, which judges every caller itself. False where the organisation shares with its own domains only: then Cloud Run has to be told not to ask (docs/deploy-gcp.md)."
  type        = bool
  default     = true
}

variable "log_days" {
  description = "How long the functions' logs are kept."
  type        = number
  default     = 365

  validation {
    condition     = var.log_days >= 1 && var.log_days <= 3650 && floor(var.log_days) == var.log_days
    error_message = "log_days is a whole number from 1 to 3650."
  }
}

variable "alarm_emails" {
  description = "Who hears of dead letters and failing functions."
  type        = list(string)
  default     = []
}

variable "operators" {
  description = "Who gives orders, as IAM members: group:ml-platform@example.com."
  type        = list(string)
  default     = []
}

variable "emergency_operators" {
  description = "Who may act as `roll_back` when the bus or the functions are down (`federation rollback --direct`), as IAM members; better a group that people join only then."
  type        = list(string)
  default     = []
}

variable "destroyable" {
  description = "Let `terraform destroy` empty the buckets and delete the functions; for trials."
  type        = bool
  default     = false
}
