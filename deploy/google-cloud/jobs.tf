# The mission's three jobs: Cloud Scheduler starts a Cloud Run job, which is `steel run JOB` from its beginning to its end.
locals {
  schedules = {
    daily-data-update      = { cron = "0 2 * * *" }
    weekly-retraining      = { cron = "0 3 * * 1" }
    performance-monitoring = { cron = "0 */6 * * *" }
  }
  job_settings = merge(local.secret_settings, {
    STEEL_SOURCES           = var.sources
    STEEL_HOME              = "/tmp/steel"
    STEEL_LAKE              = "gs://${google_storage_bucket.lake.name}"
    STEEL_WAREHOUSE         = "bigquery://${var.project}/${google_bigquery_dataset.warehouse.dataset_id}"
    STEEL_BIGQUERY_LOCATION = var.region
    DAGSTER_HOME            = "/tmp/dagster"
    DAGSTER_LOG_DIR         = "/tmp/dagster/logs"
    STEEL_LOG_FORMAT        = "json"
  })
}

resource "google_cloud_run_v2_job" "jobs" {
  for_each            = var.images_pushed ? local.schedules : {}
  name                = each.key
  location            = var.region
  deletion_protection = false
  labels              = local.labels

  template {
    task_count  = 1
    parallelism = 1
    template {
      service_account = google_service_account.assets.email
      timeout         = "5400s" # any of them may wait ten minutes for another one, and then retrain where prices drifted
      max_retries     = 1       # of what was killed; a run that failed is not repeated: its tick was run
      containers {
        image = "${local.registry}/steel-platform:${var.image_tag}"
        args  = ["steel", "run", replace(each.key, "-", "_")]
        resources {
          limits = { cpu = "1", memory = "2Gi" }
        }
        dynamic "env" {
          for_each = local.job_settings
          content {
            name  = env.key
            value = env.value
          }
        }
      }
    }
  }
}

resource "google_cloud_scheduler_job" "schedules" {
  for_each         = google_cloud_run_v2_job.jobs
  name             = each.key
  region           = var.region
  schedule         = local.schedules[each.key].cron
  time_zone        = "America/Mexico_City"
  attempt_deadline = "60s"

  http_target {
    http_method = "POST"
    uri         = "https://run.googleapis.com/v2/projects/${var.project}/locations/${var.region}/jobs/${each.value.name}:run"
    oauth_token {
      service_account_email = google_service_account.scheduler.email
    }
  }

  retry_config {
    retry_count          = 3
    min_backoff_duration = "30s"
  }

  depends_on = [google_cloud_run_v2_job_iam_member.scheduler]
}
