# SPDX-License-Identifier: Apache-2.0
# A home on AWS, with a SageMaker endpoint, Google's `receive` on the other side, and jobs on Azure that tell when they end.

region  = "eu-central-1"
account = "111122223333"
org     = "spiralverse"
package = "../../dist/federation-aws-with-azure-with-gcp.zip"

hub = {
  registry = "spiralverse/releases"
  owners   = ["spiralverse"]
  repos    = ["spiralverse/adapters"]
}

endpoint = "spiralverse-production"
node = {
  image      = "111122223333.dkr.ecr.eu-central-1.amazonaws.com/federation/node:1"
  repository = "federation/node"
}

google = {
  project = "spiralverse-ml"
  number  = "987654321098"
  region  = "europe-west4"
  buckets = ["federation-artifacts-spiralverse-ml"]
}

# `terraform output unique_ids` of infra/gcp
google_identities = {
  receive = "104000000000000000001"
}

azure = {
  subscription = "a5fe3bc5-98f0-4c84-affc-a589f54d9b23"
  group        = "spiralverse"
  workspace    = "spiralverse-ml"
  region       = "westeurope"
  tenant       = "0b1a3c52-6f0e-4a5e-9d59-3a4b1f0e7c11"
  client       = "5d2c8f3e-7a41-4c39-8a53-9c2f6f1f0b22"
}
webhooks = ["event-grid"]

auditors = ["arn:aws:iam::111122223333:role/audit"]

alarm_emails = ["ml-platform@spiralverse.example"]
