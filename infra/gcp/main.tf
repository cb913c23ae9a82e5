# SPDX-License-Identifier: Apache-2.0
# Which functions exist, what does each hear, and what does each know about its home?

locals {
  at_home = var.home == "gcp"

  # The only list of each kind: which step hears what (generated from the code), and which may do what (tested against it).
  routes = jsondecode(file("${path.module}/../../events/routes.json"))
  grants = jsondecode(file("${path.module}/../steps.json"))

  functions = local.at_home ? local.grants : { receive = local.grants.receive }
  hears = {
    for step in keys(local.functions) : step => sort([for type, steps in local.routes : type if contains(steps, step)])
  }

  # An ARN names the AWS cloud that it belongs to; regions of China and of the US government have one of their own.
  aws_arn = "arn:${try(startswith(var.aws.region, "cn-"), false) ? "aws-cn" : try(startswith(var.aws.region, "us-gov-"), false) ? "aws-us-gov" : "aws"}"

  # What acts here from AWS. If the home is here, its `receive` announces. If it is there, its steps read units, list and
  # start jobs.
  platform_uses = ["artifacts", "describe_jobs", "list_jobs", "launch_jobs"]
  visitors = var.aws == null ? toset([]) : toset(local.at_home ? ["receive"] : [
    for step, grant in local.grants : step if length(setintersection(grant.uses, local.platform_uses)) > 0
  ])

  identities = toset(concat(keys(local.functions), tolist(local.visitors)))
  name       = { for step in keys(local.grants) : step => "${var.prefix}-${replace(step, "_", "-")}" }

  artifact_buckets = concat([google_storage_bucket.artifacts.name], var.artifact_buckets)
  store_name       = "${var.prefix}-store-${var.project}"
  store_prefix     = "federation/"
  events_topic     = "${var.prefix}-events"
  agents = {
    storage    = "serviceAccount:service-${var.project_number}@gs-project-accounts.iam.gserviceaccount.com"
    pubsub     = "serviceAccount:service-${var.project_number}@gcp-sa-pubsub.iam.gserviceaccount.com"
    monitoring = "serviceAccount:service-${var.project_number}@gcp-sa-monitoring-notification.iam.gserviceaccount.com"
  }

  # A push presents a token with the audience of its purpose; Cloud Run itself requires the function's own URL.
  audiences = {
    "vertex/gcs" = "https://${var.prefix}.${var.project}/completions"
    alerts       = "https://${var.prefix}.${var.project}/alerts"
    tick         = "https://${var.prefix}.${var.project}/ticks"
  }

  trust = merge(
    {
      gcp_project        = var.project
      gcp_project_number = var.project_number
      gcs_buckets        = local.artifact_buckets
      oidc_audience      = local.audiences
      push_email         = google_service_account.push.email
      push_subscriptions = [for name in keys(local.doors) : "projects/${var.project}/subscriptions/${var.prefix}-${name}"]
      tick_subscriptions = [for name in keys(local.doors) : "projects/${var.project}/subscriptions/${var.prefix}-${name}" if name == "tick"]
      hf_owner           = var.hub.owners
      hf_refs            = var.hub.refs
      hf_registry        = var.hub.registry
      sentinel           = "_MANIFEST.json"
    },
    { for name, key in local.door_secrets : key => { secret = "${google_secret_manager_secret.known[name].id}/versions/latest" } },
    {
      for azure in var.azure[*] : "azure_workspaces" => [
        "/subscriptions/${azure.subscription}/resourceGroups/${azure.group}/providers/Microsoft.MachineLearningServices/workspaces/${azure.workspace}"
      ] if contains(local.secrets, "event-grid")
    },
    merge({}, [for aws in var.aws[*] : { aws_accounts = [aws.account], s3_buckets = aws.buckets }]...),
    var.trust,
  )

  home_environment = local.at_home ? tomap({
    FEDERATION_STORE = "gs://${local.store_name}/${local.store_prefix}"
    FEDERATION_BUS   = "projects/${var.project}/topics/${local.events_topic}"
    }) : tomap({
    FEDERATION_BUS = one([for aws in var.aws[*] : "${local.aws_arn}:events:${aws.region}:${aws.account}:event-bus/${var.prefix}"])
  })

  # Without it, Google's storage client reads the bucket's metadata for traces that nobody collects; lacking the right to,
  # it tries again for every missing document.
  storage_environment = { DISABLE_GCS_PYTHON_CLIENT_OTEL_BUCKET_METADATA = "true" }

  environment = merge(
    {
      FEDERATION_HOME             = var.home
      FEDERATION_INLINE           = "false"
      FEDERATION_CHANNEL          = var.channel
      FEDERATION_REGION           = var.region
      FEDERATION_REGISTRY         = var.hub.registry
      FEDERATION_HUB_REPOS        = join(" ", var.hub.repos)
      FEDERATION_TRAINING_ACCOUNT = google_service_account.training.email
      FEDERATION_TRUST            = jsonencode(local.trust)
    },
    local.storage_environment,
    local.home_environment,
    local.at_home ? { FEDERATION_TAGS = jsonencode(merge({ project = var.prefix }, var.labels, var.tags)) } : {},
    { for endpoint in compact([var.endpoint]) : "FEDERATION_ENDPOINT" => endpoint },
  )

  # A step that only reads the Hub gets a token that can only read; a job gets one that can only push its unit.
  hub_tokens = merge(
    { for step, grant in local.grants : step => { FEDERATION_HUB_TOKEN = "hub-read" } if contains(grant.uses, "hub_read") },
    { for step, grant in local.grants : step => { FEDERATION_HUB_TOKEN = "hub-write" } if contains(grant.uses, "hub_write") },
    {
      for step, grant in local.grants : step => { FEDERATION_HUB_TOKEN = "hub-jobs", FEDERATION_HUB_JOB_TOKEN = "hub-push" }
      if contains(grant.uses, "hub_jobs")
    },
  )
  hub_environment = {
    for step, tokens in(local.at_home ? local.hub_tokens : {}) : step => {
      for variable, secret in tokens : variable => "${google_secret_manager_secret.known[secret].id}/versions/latest"
    }
  }

  # Steps that start jobs, or look at them, also do so on platforms other than the two clouds; only they get these
  # variables.
  job_uses = ["describe_jobs", "list_jobs", "launch_jobs"]
  elsewhere = merge(
    { for azure in var.azure[*] : "FEDERATION_AZURE" => jsonencode(azure) },
    { for kubeconfig in compact([var.kubeconfig]) : "KUBECONFIG" => kubeconfig if length(var.clusters) > 0 },
  )
  jobs_environment = {
    for step, grant in(local.at_home ? local.grants : {}) : step => merge(local.elsewhere, length(var.clusters) == 0 ? {} : {
      # Steps that only look use the account that may only look, if there is one.
      FEDERATION_CLUSTERS = jsonencode({
        for platform, cluster in var.clusters : platform => {
          namespace = cluster.namespace
          context   = contains(grant.uses, "launch_jobs") ? cluster.context : coalesce(cluster.observe, cluster.context)
          placement = cluster.placement
        }
      })
    })
    if length(setintersection(grant.uses, local.job_uses)) > 0
  }

  # What acts on AWS from here: the other direction.
  guests = local.at_home ? [
    for step, grant in local.grants : step if length(setintersection(grant.uses, local.platform_uses)) > 0
  ] : ["receive"]

  # A function acts on AWS as the role of the same name, with a token of its own service account and no key.
  aws_environment = merge({}, [
    for aws in var.aws[*] : {
      for step in local.guests : step => {
        AWS_DEFAULT_REGION        = aws.region
        FEDERATION_RELAY_ROLE     = "${local.aws_arn}:iam::${aws.account}:role/${var.prefix}-google-${step}"
        FEDERATION_RELAY_AUDIENCE = var.aws_audience
        FEDERATION_TRAINING_ROLE  = "${local.aws_arn}:iam::${aws.account}:role/${var.prefix}-training"
        FEDERATION_TRAINING_KEY   = coalesce(aws.key, "${local.aws_arn}:kms:${aws.region}:${aws.account}:alias/${var.prefix}")
      }
    }
  ]...)
}
