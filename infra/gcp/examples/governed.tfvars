# SPDX-License-Identifier: Apache-2.0
# A home on Google Cloud in an organisation that has rules for everything that is made: nodes elsewhere, AWS on the other side.

project        = "spiralverse-ml"
project_number = "987654321098"
region         = "europe-west4"
prefix         = "governed"
package        = "../../dist/federation-gcp-with-aws.zip"

hub = {
  registry = "spiralverse/releases"
  owners   = ["spiralverse"]
}

aws = {
  account = "111122223333"
  region  = "eu-central-1"
  key     = "arn:aws:kms:eu-central-1:444455556666:key/1234abcd-12ab-34cd-56ef-1234567890ab"
}

labels     = { cost-center = "4711", data-class = "internal" }
tags       = { CostCenter = "4711" }
key        = "projects/spiralverse-keys/locations/europe-west4/keyRings/ml/cryptoKeys/federation"
public_url = false
all_users  = false

network = {
  connector = "projects/spiralverse-net/locations/europe-west4/connectors/functions"
}

notification_channels = ["projects/spiralverse-ml/notificationChannels/1234567890"]
log_days              = 3650
