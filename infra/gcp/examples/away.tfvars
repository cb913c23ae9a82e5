# SPDX-License-Identifier: Apache-2.0
# A home on AWS: here are only `receive`, and what AWS's functions may do.

home           = "aws"
project        = "spiralverse-ml"
project_number = "987654321098"
region         = "europe-west4"
package        = "../../dist/federation-gcp-with-aws.zip"

hub = {
  registry = "spiralverse/releases"
  owners   = ["spiralverse"]
}

aws = {
  account = "111122223333"
  region  = "eu-central-1"
}
