# SPDX-License-Identifier: Apache-2.0
# A home on Google Cloud, with a Vertex endpoint, AWS's `receive` on the other side, and jobs on Azure that tell when they end.

project        = "spiralverse-ml"
project_number = "987654321098"
region         = "europe-west4"
package        = "../../dist/federation-gcp-with-aws-with-azure.zip"

hub = {
  registry = "spiralverse/releases"
  owners   = ["spiralverse"]
  repos    = ["spiralverse/adapters"]
}

endpoint = "projects/spiralverse-ml/locations/europe-west4/endpoints/4611686018427387904"

aws = {
  account = "111122223333"
  region  = "eu-central-1"
  buckets = ["federation-artifacts-111122223333-eu-central-1"]
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

operators           = ["group:ml-platform@spiralverse.example"]
emergency_operators = ["group:ml-emergency@spiralverse.example"]
auditors            = ["group:audit@spiralverse.example"]

alarm_emails = ["ml-platform@spiralverse.example"]
