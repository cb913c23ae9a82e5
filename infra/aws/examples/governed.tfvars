# SPDX-License-Identifier: Apache-2.0
# A home on AWS in an organisation that has rules for everything that is made.

region  = "eu-central-1"
account = "111122223333"
prefix  = "governed"
org     = "spiralverse"
package = "../../dist/federation-aws-with-azure-with-gcp.zip"

hub = {
  registry = "spiralverse/releases"
  owners   = ["spiralverse"]
}

google = {
  project = "spiralverse-ml"
  number  = "987654321098"
  region  = "europe-west4"
}

endpoint = "spiralverse-production"
node = {
  image      = "111122223333.dkr.ecr.eu-central-1.amazonaws.com/governed/node:1"
  repository = "governed/node"
}

azure = {
  subscription = "a5fe3bc5-98f0-4c84-affc-a589f54d9b23"
  group        = "spiralverse"
  workspace    = "spiralverse-ml"
  region       = "westeurope"
  tenant       = "0b1a3c52-6f0e-4a5e-9d59-3a4b1f0e7c11"
  client       = "5d2c8f3e-7a41-4c39-8a53-9c2f6f1f0b22"
}

tags                 = { cost-center = "4711", data-class = "internal" }
permissions_boundary = "arn:aws:iam::111122223333:policy/workload-boundary"
key                  = "arn:aws:kms:eu-central-1:444455556666:key/1234abcd-12ab-34cd-56ef-1234567890ab"
public_url           = false

network = {
  subnets         = ["subnet-0a1b2c3d4e5f60718", "subnet-0b1c2d3e4f5061728"]
  security_groups = ["sg-0a1b2c3d4e5f60718"]
}

artifact_buckets = ["spiralverse-units"]
artifact_keys    = ["arn:aws:kms:eu-central-1:111122223333:key/9876dcba-12ab-34cd-56ef-0987654321ab"]

lock     = { mode = "COMPLIANCE", days = 3650 }
log_days = 3653
