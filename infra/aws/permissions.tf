# SPDX-License-Identifier: Apache-2.0
# What may each step do? infra/steps.json states it in the project's words; here that becomes statements.
#
# No statement has "*" as an action. Some have it as the resource, because AWS accepts no other (each says so).

locals {
  documents = local.at_home ? "${aws_s3_bucket.store[0].arn}/${local.store_prefix}documents" : ""
  channels  = local.at_home ? "${aws_s3_bucket.store[0].arn}/${local.store_prefix}channels" : ""
  sagemaker = "${local.arn}:sagemaker:${var.region}:${local.account}"

  # For Azure, if it trusts a token that STS signs instead of a file: for Azure only, and no longer than needed.
  azure_statements = [
    for azure in var.azure[*] : {
      # STS has no resource for a token that it signs.
      sid = "ProveItselfToAzure", actions = ["sts:GetWebIdentityToken"], resources = ["*"]
      conditions = [
        { test = "ForAllValues:StringEquals", variable = "sts:IdentityTokenAudience", values = [azure.audience] },
        { test = "NumericLessThanEquals", variable = "sts:DurationSeconds", values = [tostring(azure.seconds)] },
        { test = "StringEquals", variable = "sts:SigningAlgorithm", values = ["RS256"] },
      ]
    } if azure.assertion == ""
  ]

  # A document is never replaced under its name, whoever asks: its next reader would get different content.
  only_if_new = { test = "StringEquals", variable = "s3:if-none-match", values = ["*"] }

  # Only people give orders. `receive` reads what strangers write: whoever controls it can neither start a job nor approve.
  no_order = {
    test   = "StringNotEquals", variable = "events:detail-type"
    values = [for type in keys(local.routes) : type if can(regex("\\.(ordered|given)\\.", type))]
  }
  what_doors_tell = {
    test   = "StringEquals", variable = "events:detail-type"
    values = [for type in keys(local.routes) : type if can(regex("\\.(artifact|slo|tick)\\.", type))]
  }

  passed_to_sagemaker = [{ test = "StringEquals", variable = "iam:PassedToService", values = ["sagemaker.amazonaws.com"] }]

  # The store and the bus: what a step may do at home.
  home_statements = {
    for step, grant in(local.at_home ? local.grants : {}) : step => concat(
      [
        {
          sid       = "ReadDocuments", actions = ["s3:GetObject"], conditions = []
          resources = [for prefix in grant.reads : "${local.documents}/${prefix}/*"]
        },
        {
          sid       = "WriteDocuments", actions = ["s3:PutObject"], conditions = [local.only_if_new]
          resources = [for prefix in grant.writes : "${local.documents}/${prefix}/*"]
        },
        {
          # ...IfExists: only a caller who may list gets 404 instead of 403 for a missing object, and such a request has no
          # s3:prefix.
          sid = "ListDocuments", actions = ["s3:ListBucket"], resources = [aws_s3_bucket.store[0].arn]
          conditions = [{
            test   = "StringLikeIfExists", variable = "s3:prefix"
            values = [for prefix in grant.lists : "${local.store_prefix}documents/${prefix}/*"]
          }]
        },
        {
          sid = "Announce", actions = ["events:PutEvents"], resources = [aws_cloudwatch_event_bus.federation[0].arn]
          conditions = [
            { test = "StringEquals", variable = "events:source", values = ["federation"] },
            step == "receive" ? local.what_doors_tell : local.no_order,
          ]
        },
      ],
      grant.channel == "none" ? [] : [{
        sid     = "Channels", resources = ["${local.channels}/*"], conditions = []
        actions = grant.channel == "move" ? ["s3:GetObject", "s3:PutObject"] : ["s3:GetObject"]
      }],
      step != "receive" ? [] : [{
        sid     = "WhatSendersProveThemselvesWith", conditions = []
        actions = ["secretsmanager:GetSecretValue"], resources = [for name in keys(local.door_secrets) : aws_secretsmanager_secret.known[name].arn]
      }],
      length(setintersection(grant.uses, local.job_uses)) == 0 ? [] : local.azure_statements,
      !contains(keys(local.hub_environment), step) ? [] : [{
        sid       = "TheHubsTokens", actions = ["secretsmanager:GetSecretValue"], conditions = []
        resources = [for secret in values(local.hub_tokens[step]) : aws_secretsmanager_secret.known[secret].arn]
      }],
    )
  }

  # The platform: what a step may do here, whether it runs here or on Google.
  platform_statements = {
    artifacts = [
      {
        sid       = "ReadUnits", actions = ["s3:GetObject"], conditions = []
        resources = [for bucket in local.artifact_buckets : "${local.arn}:s3:::${bucket}/*"]
      },
      {
        # Not for listing: see ListDocuments about 404. A request that lists a prefix is refused.
        sid        = "SeeThatAUnitIsNotThereYet", actions = ["s3:ListBucket"]
        resources  = [for bucket in local.artifact_buckets : "${local.arn}:s3:::${bucket}"]
        conditions = [{ test = "Null", variable = "s3:prefix", values = ["true"] }]
      },
      {
        sid = "DecryptUnits", actions = ["kms:Decrypt"], resources = concat([local.key], var.artifact_keys), conditions = []
      },
    ]
    describe_jobs = [{
      sid       = "WhereAUnitLies", actions = ["sagemaker:DescribeModelPackage", "sagemaker:DescribeTrainingJob"]
      resources = ["${local.sagemaker}:model-package/*", "${local.sagemaker}:training-job/*"], conditions = []
    }]
    list_jobs = [{
      # SageMaker has no narrower resource for a list.
      sid = "WhatEnded", actions = ["sagemaker:ListTrainingJobs"], resources = ["*"], conditions = []
    }]
    # A statement without a resource is refused; if there are no kinds, all jobs run elsewhere.
    launch_jobs = [
      for statement in [
        {
          sid       = "StartJobsOfTheseKinds", actions = ["sagemaker:CreateTrainingJob"]
          resources = [for kind in var.kinds : "${local.sagemaker}:training-job/${kind}-*"], conditions = []
        },
        {
          sid        = "TagThem", actions = ["sagemaker:AddTags"]
          resources  = [for kind in var.kinds : "${local.sagemaker}:training-job/${kind}-*"]
          conditions = [{ test = "StringEquals", variable = "sagemaker:TaggingAction", values = ["CreateTrainingJob"] }]
        },
        {
          sid       = "AsTheTrainingRole", actions = ["iam:PassRole"]
          resources = [aws_iam_role.training.arn], conditions = local.passed_to_sagemaker
        },
      ] : statement if length(var.kinds) > 0
    ]
    alarms = [{
      # With a resource narrower than "*", composite alarms are left out of the answer.
      sid = "WhichAlarmsFire", actions = ["cloudwatch:DescribeAlarms"], resources = ["*"], conditions = []
    }]
    hub_jobs  = []
    hub_read  = []
    hub_write = []
    traffic = local.serves ? [
      {
        sid = "ShiftTraffic"
        actions = [
          "sagemaker:AddTags", "sagemaker:CreateEndpoint", "sagemaker:DescribeEndpoint", "sagemaker:ListTags",
          "sagemaker:UpdateEndpoint", "sagemaker:UpdateEndpointWeightsAndCapacities",
        ]
        resources = ["${local.sagemaker}:endpoint/${var.endpoint}"], conditions = []
      },
      {
        sid = "DeployAReleaseThatIsNotWarm"
        actions = [
          "sagemaker:CreateEndpoint", "sagemaker:CreateEndpointConfig", "sagemaker:CreateModel", "sagemaker:UpdateEndpoint",
        ]
        resources = [
          "${local.sagemaker}:endpoint-config/${var.endpoint}-*", "${local.sagemaker}:model/${var.org}-ai-federated-v*",
        ]
        conditions = []
      },
      {
        # Only what is being created: a release that serves keeps its tags.
        sid = "TagIt", actions = ["sagemaker:AddTags"]
        resources = [
          "${local.sagemaker}:endpoint-config/${var.endpoint}-*", "${local.sagemaker}:model/${var.org}-ai-federated-v*",
        ]
        conditions = [{
          test   = "StringEquals", variable = "sagemaker:TaggingAction"
          values = ["CreateEndpointConfig", "CreateModel"]
        }]
      },
      {
        sid        = "AsTheNodesRole", actions = ["iam:PassRole"], resources = [aws_iam_role.node[0].arn]
        conditions = local.passed_to_sagemaker
      },
    ] : []
    probe = local.serves ? [{
      sid       = "AskAGoldenPrompt", actions = ["sagemaker:InvokeEndpoint"]
      resources = ["${local.sagemaker}:endpoint/${var.endpoint}"], conditions = []
    }] : []
  }

  step_statements = {
    for step, grant in local.grants : step => concat(
      lookup(local.home_statements, step, []),
      flatten([for use in grant.uses : local.platform_statements[use] if local.at_home || contains(local.platform_uses, use)]),
    )
  }
}

data "aws_iam_policy_document" "step" {
  #checkov:skip=CKV_AWS_356: ListTrainingJobs and GetWebIdentityToken know no resource but "*", and DescribeAlarms hides composite alarms for any other
  for_each = local.step_statements

  dynamic "statement" {
    for_each = each.value

    content {
      sid       = statement.value.sid
      actions   = statement.value.actions
      resources = statement.value.resources

      dynamic "condition" {
        for_each = statement.value.conditions

        content {
          test     = condition.value.test
          variable = condition.value.variable
          values   = condition.value.values
        }
      }
    }
  }
}
