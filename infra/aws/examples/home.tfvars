# SPDX-License-Identifier: Apache-2.0
# A home on AWS, with a SageMaker endpoint, and Google's `receive` on the other side.

region  = "eu-central-1"
account = "111122223333"
org     = "spiralverse"
package = "../../dist/federation-aws-with-gcp.zip"

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

alarm_emails = ["ml-platform@spiralverse.example"]
