# SPDX-License-Identifier: Apache-2.0
# What must be known about an account before the federation can live in it?

variable "home" {
  description = "Where the steps run: `aws` puts all of them here, `gcp` only `receive` and what Google's functions may do here."
  type        = string
  default     = "aws"

  validation {
    condition     = contains(["aws", "gcp"], var.home)
    error_message = "home is aws or gcp."
  }

  validation {
    condition     = var.home != "gcp" || var.google != null
    error_message = "With home = gcp, say in the variable google where home is: functions here announce to its topic."
  }
}

variable "region" {
  description = "The region of everything."
  type        = string
}

variable "account" {
  description = "The account's twelve digits; with credentials of another account nothing is done."
  type        = string

  validation {
    condition     = can(regex("^[0-9]{12}$", var.account))
    error_message = "account is twelve digits."
  }
}

variable "prefix" {
  description = "Begins every name, so that two federations fit into one account. A home keeps it: another one is another home, with an empty store."
  type        = string
  default     = "federation"

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,19}$", var.prefix))
    error_message = "prefix is 2 to 20 lower-case letters, digits and hyphens."
  }
}

variable "org" {
  description = "The `org` of the policy; releases are named <org>-ai-federated-vX.Y.Z."
  type        = string

  validation {
    condition     = can(regex("^[a-z0-9][a-z0-9-]{0,62}$", var.org))
    error_message = "org is as the policy says it: lower-case letters, digits and hyphens."
  }
}

variable "package" {
  description = "The zip that infra/package.py built."
  type        = string
  default     = "../../dist/federation-aws.zip"
}

variable "architecture" {
  description = "As the package was built: x86_64 or arm64."
  type        = string
  default     = "x86_64"

  validation {
    condition     = contains(["arm64", "x86_64"], var.architecture)
    error_message = "architecture is x86_64 or arm64, as the package was built."
  }
}

variable "artifact_buckets" {
  description = "Further buckets that units are read from; turn on their EventBridge notifications yourself."
  type        = list(string)
  default     = []
}

variable "kinds" {
  description = "Kinds that SageMaker may be asked to train: the names of jobs begin with them. None: no job starts there."
  type        = list(string)
  default     = ["runtime-distilled", "inference-benchmark"]
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
  description = "The SageMaker endpoint that serves, or empty when the nodes are elsewhere."
  type        = string
  default     = ""

  validation {
    # Its configurations are named <endpoint>-<counter>-<8 digits>, at most 63 characters. SageMaker writes their ARNs,
    # which permissions refer to, in lower case.
    condition     = can(regex("^([a-z0-9](-*[a-z0-9]){0,46})?$", var.endpoint))
    error_message = "endpoint is at most 47 lower-case letters, digits and hyphens between them."
  }
}

variable "node" {
  description = "What runs a release on the endpoint: the serving image, its repository, and the machines."
  type = object({
    image      = string
    repository = string
    machine    = optional(string, "ml.m5.xlarge")
    count      = optional(number, 1)
  })
  default = null

  validation {
    condition     = (var.node == null) == (var.endpoint == "")
    error_message = "endpoint and node go together: set both where SageMaker serves, and neither where the nodes are elsewhere."
  }
}

variable "slo" {
  description = "When the serving endpoint is too bad: share of 5xx, and milliseconds of the p95 that the nodes publish."
  type = object({
    errors            = optional(number, 0.02)
    p95_ms            = optional(number, 500)
    average_ms        = optional(number, 400)
    minutes           = optional(number, 3)
    latency_namespace = optional(string, "Federation/Serving")
    latency_metric    = optional(string, "Latency")
    channel           = optional(string, "production")
  })
  default = {}

  validation {
    # An alarm's query covers at most three hours.
    condition     = var.slo.minutes >= 1 && var.slo.minutes <= 180 && floor(var.slo.minutes) == var.slo.minutes
    error_message = "slo.minutes is a whole number from 1 to 180."
  }
}

variable "schedules" {
  description = "When the ticks are due; keep them as the policy's cadence says."
  type = object({
    time_zone = optional(string, "Europe/Berlin")
    sweep     = optional(string, "cron(0 6 * * ? *)")
    alarms    = optional(string, "rate(5 minutes)")
    merge     = optional(string, "cron(0 9 ? * MON,THU *)")
    promote   = optional(string, "cron(0/30 10-13 ? * TUE *)")
  })
  default = {}
}

variable "google" {
  description = "The Google project on the other side: its id and number, region, its buckets, and the topic and identity pool of infra/gcp where these are not named after `prefix`."
  type = object({
    project = string
    number  = string
    topic   = optional(string)
    pool    = optional(string)
    region  = string
    buckets = optional(list(string), [])
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
    error_message = "What a sender shows is no setting: it would lie in the state and in every function's environment. Put it where secrets lie, and name that place: { secret = \"arn:...\" }."
  }
}

variable "lock" {
  description = "How long every version of a stored object is locked, and whether an administrator may lift it (GOVERNANCE) or nobody (COMPLIANCE)."
  type = object({
    mode = optional(string, "GOVERNANCE")
    days = optional(number, 365)
  })
  default = {}

  validation {
    condition     = contains(["COMPLIANCE", "GOVERNANCE"], var.lock.mode) && var.lock.days >= 1 && floor(var.lock.days) == var.lock.days
    error_message = "lock.mode is GOVERNANCE or COMPLIANCE, and lock.days a whole number of days, at least 1."
  }
}

variable "reserve_concurrency" {
  description = "Reserve each function's concurrency. Needs an account quota of 100 beyond their sum; new accounts have 10 in all."
  type        = bool
  default     = true
}

variable "log_days" {
  description = "How long logs are kept; checkov asks for a year."
  type        = number
  default     = 365

  validation {
    condition = contains(
      [1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653], var.log_days
    )
    error_message = "log_days is one of those that CloudWatch knows: 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653."
  }
}

variable "alarm_emails" {
  description = "Who hears of dead letters and failing functions."
  type        = list(string)
  default     = []
}

variable "destroyable" {
  description = "Let `terraform destroy` empty the buckets and delete secrets at once; for trials."
  type        = bool
  default     = false
}
