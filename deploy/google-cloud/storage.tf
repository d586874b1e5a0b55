# The lake, and the state that a job takes up and puts back; images, which nobody keeps for ever.
resource "google_storage_bucket" "lake" {
  #checkov:skip=CKV_GCP_62:access logs of a bucket that only two accounts reach would cost more than the lake
  name                        = "${var.project}-steel-lake"
  location                    = var.region
  uniform_bucket_level_access = true
  public_access_prevention    = "enforced"
  force_destroy               = !var.protected
  labels                      = local.labels

  versioning {
    enabled = true
  }

  soft_delete_policy {
    retention_duration_seconds = 0 # versions are kept below; soft delete would bill every overwritten object a week longer
  }

  dynamic "lifecycle_rule" {
    for_each = jsondecode(file("${path.module}/lifecycle.json")).rule
    content {
      action {
        type          = lifecycle_rule.value.action.type
        storage_class = lookup(lifecycle_rule.value.action, "storageClass", null)
      }
      condition {
        age                        = lookup(lifecycle_rule.value.condition, "age", null)
        matches_prefix             = lookup(lifecycle_rule.value.condition, "matchesPrefix", null)
        matches_storage_class      = lookup(lifecycle_rule.value.condition, "matchesStorageClass", null)
        days_since_noncurrent_time = lookup(lifecycle_rule.value.condition, "daysSinceNoncurrentTime", null)
        num_newer_versions         = lookup(lifecycle_rule.value.condition, "numNewerVersions", null)
      }
    }
  }

  depends_on = [google_project_service.apis]
}

resource "google_artifact_registry_repository" "images" {
  #checkov:skip=CKV_GCP_84:encrypted with keys of Google; a key of one's own is billed every month
  location      = var.region
  repository_id = "steel-assets"
  format        = "DOCKER"
  description   = "Images of Steel Assets."
  labels        = local.labels

  cleanup_policies {
    id     = "keep-the-newest"
    action = "KEEP"
    most_recent_versions {
      keep_count = 2
    }
  }

  cleanup_policies {
    id     = "delete-older-ones"
    action = "DELETE"
    condition {
      older_than = "86400s"
    }
  }

  depends_on = [google_project_service.apis]
}
