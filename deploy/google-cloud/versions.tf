# Steel Assets on Google Cloud, lean: nothing runs while nobody asks, nothing idles, the budget is 5 USD a month.
# deploy/README.md says how it is applied and taken down; docs/google-cloud.md what each part is for.
terraform {
  required_version = ">= 1.6"
  required_providers {
    google = {
      source  = "hashicorp/google"
      version = ">= 6.20, < 8.0"
    }
  }
}

provider "google" {
  project               = var.project
  region                = var.region
  billing_project       = var.project
  user_project_override = true
}

data "google_project" "this" {
  project_id = var.project
}

locals {
  labels = { app = "steel-assets" }
  apis = [
    "artifactregistry", "bigquery", "billingbudgets", "cloudscheduler", "iam", "logging", "monitoring", "run", "secretmanager",
    "storage",
  ]
  registry = "${var.region}-docker.pkg.dev/${var.project}/${google_artifact_registry_repository.images.repository_id}"
}

resource "google_project_service" "apis" {
  for_each           = toset(local.apis)
  service            = "${each.key}.googleapis.com"
  disable_on_destroy = false
}
