# SPDX-License-Identifier: Apache-2.0
# Which roles do SageMaker's training jobs and serving nodes use?

locals {
  serves       = var.endpoint != "" && var.node != null
  repositories = local.serves ? [var.node.repository] : []
}

data "aws_iam_policy_document" "sagemaker_trust" {
  statement {
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["sagemaker.amazonaws.com"]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:SourceAccount"
      values   = [local.account]
    }
  }
}

data "aws_iam_policy_document" "images" {
  #checkov:skip=CKV_AWS_356: ecr:GetAuthorizationToken knows no resource but "*"
  statement {
    sid       = "AToken"
    actions   = ["ecr:GetAuthorizationToken"]
    resources = ["*"]
  }

  statement {
    sid       = "Images"
    actions   = ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]
    resources = ["${local.arn}:ecr:${var.region}:${local.account}:repository/${var.prefix}/*"]
  }

  statement {
    sid       = "Logs"
    actions   = ["logs:CreateLogGroup", "logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"]
    resources = ["${local.arn}:logs:${var.region}:${local.account}:log-group:/aws/sagemaker/*"]
  }
}

data "aws_iam_policy_document" "training" {
  #checkov:skip=CKV_AWS_356: cloudwatch:PutMetricData knows no resource but "*"
  source_policy_documents = [data.aws_iam_policy_document.images.json]

  statement {
    sid     = "DataAndUnits"
    actions = ["s3:GetObject", "s3:PutObject", "s3:AbortMultipartUpload"]
    # Jobs read data from the bucket that they write units and checkpoints to: raw data stay on their cloud.
    resources = ["${aws_s3_bucket.artifacts.arn}/*"]
  }

  statement {
    sid       = "ListThem"
    actions   = ["s3:ListBucket"]
    resources = [aws_s3_bucket.artifacts.arn]
  }

  statement {
    # SageMaker itself needs kms:Encrypt if a job's output names a key.
    sid       = "TheirKey"
    actions   = ["kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey"]
    resources = [local.key]
  }

  statement {
    # Not the nodes' namespace: data there can roll a release back, or hide that it is slow.
    sid       = "Metrics"
    actions   = ["cloudwatch:PutMetricData"]
    resources = ["*"]

    condition {
      test     = "StringEquals"
      variable = "cloudwatch:namespace"
      values   = ["/aws/sagemaker/TrainingJobs"]
    }
  }
}

resource "aws_iam_role" "training" {
  name                 = "${var.prefix}-training"
  description          = "What a training job may do"
  assume_role_policy   = data.aws_iam_policy_document.sagemaker_trust.json
  permissions_boundary = var.permissions_boundary
}

resource "aws_iam_role_policy" "training" {
  name   = "training"
  role   = aws_iam_role.training.id
  policy = data.aws_iam_policy_document.training.json
}

data "aws_iam_policy_document" "node" {
  #checkov:skip=CKV_AWS_356: cloudwatch:PutMetricData knows no resource but "*"
  source_policy_documents = [data.aws_iam_policy_document.images.json]

  statement {
    sid       = "TheServingImage"
    actions   = ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]
    resources = formatlist("${local.arn}:ecr:${var.region}:${local.account}:repository/%s", local.serves ? local.repositories : [var.prefix])
  }

  statement {
    sid       = "UnitsByDigest"
    actions   = ["s3:GetObject"]
    resources = [for bucket in local.artifact_buckets : "${local.arn}:s3:::${bucket}/*"]
  }

  statement {
    sid       = "TheirKey"
    actions   = ["kms:Decrypt"]
    resources = concat([local.key], var.artifact_keys)
  }

  statement {
    sid       = "Metrics"
    actions   = ["cloudwatch:PutMetricData"]
    resources = ["*"]

    condition {
      test     = "StringEquals"
      variable = "cloudwatch:namespace"
      values   = [var.slo.latency_namespace]
    }
  }
}

resource "aws_iam_role" "node" {
  count = local.serves ? 1 : 0

  name                 = "${var.prefix}-node"
  description          = "What a serving node may do"
  assume_role_policy   = data.aws_iam_policy_document.sagemaker_trust.json
  permissions_boundary = var.permissions_boundary
}

resource "aws_iam_role_policy" "node" {
  count = local.serves ? 1 : 0

  name   = "node"
  role   = aws_iam_role.node[0].id
  policy = data.aws_iam_policy_document.node.json
}
