# SPDX-License-Identifier: Apache-2.0
# Which versions of Terraform and of the provider does this need?

terraform {
  required_version = ">= 1.9"

  required_providers {
    google = {
      source  = "hashicorp/google"
      version = ">= 6.50, < 8.0"
    }
  }
}

provider "google" {
  project = var.project
  region  = var.region

  default_labels = var.labels
}
