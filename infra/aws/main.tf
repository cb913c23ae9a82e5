# SPDX-License-Identifier: Apache-2.0
# Which functions exist, what does each hear, and what does each know about its home?

data "aws_partition" "here" {}

locals {
  at_home   = var.home == "aws"
  account   = var.account
  partition = data.aws_partition.here.partition
  arn       = "arn:${local.partition}"

  # The only list of each kind: which step hears what (generated from the code), and which may do what (tested against it).
  routes = jsondecode(file("${path.module}/../../events/routes.json"))
  grants = jsondecode(file("${path.module}/../steps.json"))

  functions = local.at_home ? local.grants : { receive = local.grants.receive }
  hears = {
    for step in keys(local.functions) : step => sort([for type, steps in local.routes : type if contains(steps, step)])
  }
  queues = toset(concat(["receive"], [for step, types in local.hears : step if length(types) > 0]))

  artifact_buckets = concat([aws_s3_bucket.artifacts.bucket], var.artifact_buckets)
  store_prefix     = "federation/"
  secrets          = local.at_home ? setunion(["hub-read", "hub-write", "hub-jobs", "hub-push", "hub-webhook"], var.webhooks) : toset([])

  # Settings name what Terraform makes by names that a plan knows, so that it can count their bytes (function/main.tf).
  trust = merge(
    {
      aws_accounts = [local.account]
      s3_buckets   = local.artifact_buckets
      hf_owner     = var.hub.owners
      hf_refs      = var.hub.refs
      hf_registry  = var.hub.registry
      sentinel     = "_MANIFEST.json"
    },
    { for name, key in local.door_secrets : key => { secret = aws_secretsmanager_secret.known[name].name } },
    {
      for azure in var.azure[*] : "azure_workspaces" => [
        "/subscriptions/${azure.subscription}/resourceGroups/${azure.group}/providers/Microsoft.MachineLearningServices/workspaces/${azure.workspace}"
      ] if contains(local.secrets, "event-grid")
    },
    merge({}, [
      for google in var.google[*] :
      { gcp_project = google.project, gcp_project_number = google.number, gcs_buckets = google.buckets }
    ]...),
    var.trust,
  )

  home_environment = merge(
    {
      FEDERATION_BUS           = local.at_home ? local.bus_name : one([for google in var.google[*] : "projects/${google.project}/topics/${coalesce(google.topic, "${var.prefix}-events")}"])
      FEDERATION_TRAINING_ROLE = "${local.arn}:iam::${local.account}:role/${aws_iam_role.training.name}"
      FEDERATION_TRAINING_KEY  = one(concat(var.key[*], [for alias in aws_kms_alias.federation : "${local.arn}:kms:${var.region}:${local.account}:${alias.name}"]))
      FEDERATION_ALARMS        = "${var.prefix}-slo-"
      FEDERATION_HUB_REPOS     = join(" ", var.hub.repos)
    },
    { for store in aws_s3_bucket.store : "FEDERATION_STORE" => "s3://${store.bucket}/${local.store_prefix}" },
    local.at_home ? { FEDERATION_TAGS = jsonencode(local.tags) } : {},
    merge({}, [
      for google in var.google[*] : {
        FEDERATION_REGION           = google.region
        FEDERATION_TRAINING_ACCOUNT = "${var.prefix}-training@${google.project}.iam.gserviceaccount.com"
      }
    ]...),
  )

  # A step that only reads the Hub gets a token that can only read; a job gets one that can only push its unit.
  hub_environment = {
    for step, tokens in(local.at_home ? local.hub_tokens : {}) : step => {
      for variable, secret in tokens : variable => aws_secretsmanager_secret.known[secret].name
    }
  }
  hub_tokens = merge(
    { for step, grant in local.grants : step => { FEDERATION_HUB_TOKEN = "hub-read" } if contains(grant.uses, "hub_read") },
    { for step, grant in local.grants : step => { FEDERATION_HUB_TOKEN = "hub-write" } if contains(grant.uses, "hub_write") },
    {
      for step, grant in local.grants : step => { FEDERATION_HUB_TOKEN = "hub-jobs", FEDERATION_HUB_JOB_TOKEN = "hub-push" }
      if contains(grant.uses, "hub_jobs")
    },
  )

  serving_environment = local.serves ? tomap({
    FEDERATION_ENDPOINT = var.endpoint
    FEDERATION_NODE = jsonencode({
      image   = var.node.image, role = "${local.arn}:iam::${local.account}:role/${aws_iam_role.node[0].name}"
      machine = var.node.machine, count = var.node.count
    })
  }) : tomap({})

  # Nodes elsewhere follow the home's channel, so the home watches over them, too.
  watches = local.at_home || local.serves

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

  # A function acts on Google as the service account of the same name; the document contains no secret (AIP-4117).
  google_environment = merge({}, [
    for google in var.google[*] : {
      for step, grant in local.functions : step => {
        # Google's storage client wants a project, and this service account may not ask for the name of its own.
        GOOGLE_CLOUD_PROJECT = google.project
        # Nor may it read the bucket's metadata, which that client wants for traces that nobody collects.
        DISABLE_GCS_PYTHON_CLIENT_OTEL_BUCKET_METADATA = "true"
        FEDERATION_GOOGLE = jsonencode({
          type                              = "external_account"
          audience                          = "//iam.googleapis.com/projects/${google.number}/locations/global/workloadIdentityPools/${coalesce(google.pool, "${var.prefix}-aws")}/providers/aws-account"
          subject_token_type                = "urn:ietf:params:aws:token-type:aws4_request"
          token_url                         = "https://sts.googleapis.com/v1/token"
          service_account_impersonation_url = "https://iamcredentials.googleapis.com/v1/projects/-/serviceAccounts/${var.prefix}-${replace(step, "_", "-")}@${google.project}.iam.gserviceaccount.com:generateAccessToken"
          credential_source = {
            environment_id                 = "aws1"
            regional_cred_verification_url = "https://sts.{region}.${data.aws_partition.here.dns_suffix}?Action=GetCallerIdentity&Version=2011-06-15"
          }
        })
      } if !local.at_home || length(setintersection(grant.uses, local.platform_uses)) > 0
    }
  ]...)

  environment = merge(
    {
      FEDERATION_HOME     = var.home
      FEDERATION_INLINE   = "false"
      FEDERATION_REGISTRY = var.hub.registry
      FEDERATION_TRUST    = jsonencode(local.trust)
    },
    local.home_environment,
    local.serving_environment,
  )
}
