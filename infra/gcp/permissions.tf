# SPDX-License-Identifier: Apache-2.0
# What may each step do? infra/steps.json states it in the project's words; here that becomes roles of this project.
#
# Roles are our own and as narrow as the adapters' calls. Where Google has no resource below the project (jobs, endpoints
# and alerts), a role is granted on the project.

resource "google_service_account" "step" {
  for_each = local.identities

  account_id   = local.name[each.key]
  display_name = "${var.prefix}: ${each.key}"

  depends_on = [google_project_service.needed]
}

locals {
  roles = {
    documentReader = ["storage.objects.get"]
    documentWriter = ["storage.objects.create"]
    lister         = ["storage.objects.list"]
    channelReader  = ["storage.objects.get"]
    channelMover   = ["storage.objects.create", "storage.objects.delete", "storage.objects.get"]
    unitReader     = ["storage.objects.get", "storage.objects.list"]
    # There is no aiplatform.operations.get: who may get a model may also get the operation that made it.
    jobReader          = ["aiplatform.customJobs.get", "aiplatform.models.get", "aiplatform.pipelineJobs.get"]
    jobLister          = ["aiplatform.customJobs.list", "aiplatform.pipelineJobs.list"]
    jobStarter         = ["aiplatform.customJobs.create", "aiplatform.customJobs.list"]
    alertReader        = ["monitoring.alerts.list"]
    trafficShifter     = ["aiplatform.endpoints.get", "aiplatform.endpoints.update"]
    prober             = ["aiplatform.endpoints.get", "aiplatform.endpoints.predict"]
    impersonator       = ["iam.serviceAccounts.getAccessToken"]
    subscriptionReader = ["pubsub.subscriptions.get"]
  }

  # The project roles that each use of steps.json needs.
  project_roles = {
    describe_jobs = "jobReader"
    list_jobs     = "jobLister"
    launch_jobs   = "jobStarter"
    alarms        = "alertReader"
    traffic       = "trafficShifter"
    probe         = "prober"
  }

  # Without an endpoint there is no traffic to shift: nodes elsewhere follow the channel by themselves.
  home_uses  = [for use in keys(local.project_roles) : use if local.serves || !contains(["probe", "traffic"], use)]
  roles_away = concat(["unitReader"], [for use in local.platform_uses : local.project_roles[use] if use != "artifacts"])

  objects = "projects/_/buckets/${local.store_name}/objects/${local.store_prefix}"
  under = {
    for step, grant in local.grants : step => {
      reads  = join(" || ", [for name in grant.reads : "resource.name.startsWith(\"${local.objects}documents/${name}/\")"])
      writes = join(" || ", [for name in grant.writes : "resource.name.startsWith(\"${local.objects}documents/${name}/\")"])
    }
  }

  home_steps = local.at_home ? local.grants : {}
  on_project = merge([
    for step in local.identities : {
      for use in local.grants[step].uses : "${step}/${use}" => { step = step, role = local.project_roles[use] }
      if contains(local.at_home ? local.home_uses : local.platform_uses, use) && contains(keys(local.project_roles), use)
    }
  ]...)
  on_units = {
    for pair in setproduct([for step in local.identities : step if contains(local.grants[step].uses, "artifacts")], range(length(local.artifact_buckets))) :
    "${pair[0]}/${pair[1]}" => { step = pair[0], bucket = local.artifact_buckets[pair[1]] }
  }
}

resource "google_project_iam_custom_role" "narrow" {
  for_each = { for name, permissions in local.roles : name => permissions if local.at_home || contains(local.roles_away, name) }

  role_id     = "${replace(var.prefix, "-", "_")}_${each.key}"
  title       = "${var.prefix}: ${each.key}"
  permissions = each.value

  depends_on = [google_project_service.needed]
}

resource "google_storage_bucket_iam_member" "reads" {
  for_each = local.home_steps

  bucket = google_storage_bucket.store[0].name
  role   = google_project_iam_custom_role.narrow["documentReader"].id
  member = google_service_account.step[each.key].member

  condition {
    title      = "documents that ${each.key} reads"
    expression = local.under[each.key].reads
  }
}

resource "google_storage_bucket_iam_member" "writes" {
  for_each = local.home_steps

  bucket = google_storage_bucket.store[0].name
  role   = google_project_iam_custom_role.narrow["documentWriter"].id
  member = google_service_account.step[each.key].member

  condition {
    title      = "documents that ${each.key} creates"
    expression = local.under[each.key].writes
  }
}

# Without a condition: only a caller who may list gets 404 for a missing object, and the steps would understand 403
# differently. Names are digests and release names; they reveal no content.
resource "google_storage_bucket_iam_member" "lists" {
  for_each = local.home_steps

  bucket = google_storage_bucket.store[0].name
  role   = google_project_iam_custom_role.narrow["lister"].id
  member = google_service_account.step[each.key].member
}

resource "google_storage_bucket_iam_member" "channels" {
  for_each = { for step, grant in local.home_steps : step => grant.channel if grant.channel != "none" }

  bucket = google_storage_bucket.store[0].name
  role   = google_project_iam_custom_role.narrow[each.value == "move" ? "channelMover" : "channelReader"].id
  member = google_service_account.step[each.key].member

  condition {
    title      = "channels"
    expression = "resource.name.startsWith(\"${local.objects}channels/\")"
  }
}

resource "google_storage_bucket_iam_member" "units" {
  for_each = local.on_units

  bucket = each.value.bucket
  role   = google_project_iam_custom_role.narrow["unitReader"].id
  member = google_service_account.step[each.value.step].member
}

resource "google_project_iam_member" "platform" {
  for_each = local.on_project

  project = var.project
  role    = google_project_iam_custom_role.narrow[each.value.role].id
  member  = google_service_account.step[each.value.step].member
}

resource "google_pubsub_topic_iam_member" "announces" {
  for_each = local.home_steps

  topic  = google_pubsub_topic.events[0].id
  role   = "roles/pubsub.publisher"
  member = google_service_account.step[each.key].member
}
