# SPDX-License-Identifier: Apache-2.0
# A home on Google Cloud: here are only `receive`, the training role, and what Google's functions may do.

home    = "gcp"
region  = "eu-central-1"
account = "111122223333"
org     = "spiralverse"
package = "../../dist/federation-aws-with-gcp.zip"

hub = {
  registry = "spiralverse/releases"
  owners   = ["spiralverse"]
}

google = {
  project = "spiralverse-ml"
  number  = "987654321098"
  region  = "europe-west4"
}

# `terraform output unique_ids` of infra/gcp
google_identities = {
  validate = "104000000000000000002"
  gate     = "104000000000000000003"
  fuse     = "104000000000000000004"
  launch   = "104000000000000000005"
  sweep    = "104000000000000000006"
}
