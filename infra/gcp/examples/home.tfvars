# SPDX-License-Identifier: Apache-2.0
# A home on Google Cloud, with a Vertex endpoint, and AWS's `receive` on the other side.

project        = "spiralverse-ml"
project_number = "987654321098"
region         = "europe-west4"
package        = "../../dist/federation-gcp-with-aws.zip"

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

operators    = ["group:ml-platform@spiralverse.example"]
alarm_emails = ["ml-platform@spiralverse.example"]
