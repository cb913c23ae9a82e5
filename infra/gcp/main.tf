# SPDX-License-Identifier: Apache-2.0
# Which functions are there, what does each hear, and what is each told about its home?

locals {
  at_home = var.home == "gcp"

  # The one list of each: who hears what (made from the code), and who may do what (tested against the code).
  routes = jsondecode(file("${path.module}/../../events/routes.json"))
  grants = jsondecode(file("${path.module}/../steps.json"))

  functions = local.at_home ? local.grants : { receive = local.grants.receive }
  hears = {
    for step in keys(local.functions) : step => sort([for type, steps in local.routes : type if contains(steps, step)])
  }

  # Who acts here from AWS. Home here: its `receive` announces. Home there: its steps read units, ask for jobs, start them.
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

  # A push shows a token with the audience of its purpose; the function's own URL is what Cloud Run itself asks for.
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
    FEDERATION_BUS = one([for aws in var.aws[*] : "arn:aws:events:${aws.region}:${aws.account}:event-bus/${var.prefix}"])
  })

  # Else Google's storage client asks for the bucket itself, for traces that nobody takes: with no right to it, again at each
  # document that is not there yet.
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
    { for endpoint in compact([var.endpoint]) : "FEDERATION_ENDPOINT" => endpoint },
  )

  # Who only reads the Hub gets a token that can only read, and a job one that can only push its unit.
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

  # Who starts jobs, or looks what became of them, also does so where neither cloud is: told to nobody else.
  job_uses = ["describe_jobs", "list_jobs", "launch_jobs"]
  elsewhere = merge(
    { for azure in var.azure[*] : "FEDERATION_AZURE" => jsonencode(azure) },
    { for kubeconfig in compact([var.kubeconfig]) : "KUBECONFIG" => kubeconfig if length(var.clusters) > 0 },
  )
  jobs_environment = {
    for step, grant in(local.at_home ? local.grants : {}) : step => merge(local.elsewhere, length(var.clusters) == 0 ? {} : {
      # Who only looks does so as the account that may do no more, where there is one.
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

  # Who acts on AWS from here: the other way round.
  guests = local.at_home ? [
    for step, grant in local.grants : step if length(setintersection(grant.uses, local.platform_uses)) > 0
  ] : ["receive"]

  # A function acts on AWS as the role of its name, with a token of its own service account and no key.
  aws_environment = merge({}, [
    for aws in var.aws[*] : {
      for step in local.guests : step => {
        AWS_DEFAULT_REGION        = aws.region
        FEDERATION_RELAY_ROLE     = "arn:aws:iam::${aws.account}:role/${var.prefix}-google-${step}"
        FEDERATION_RELAY_AUDIENCE = var.aws_audience
        FEDERATION_TRAINING_ROLE  = "arn:aws:iam::${aws.account}:role/${var.prefix}-training"
        FEDERATION_TRAINING_KEY   = coalesce(aws.key, "arn:aws:kms:${aws.region}:${aws.account}:alias/${var.prefix}")
      }
    }
  ]...)
}
