# Three accounts, each with no more than it needs (docs/google-cloud.md has the table).
resource "google_service_account" "assets" {
  account_id   = "steel-assets"
  display_name = "Steel Assets: jobs"
}

resource "google_service_account" "serving" {
  account_id   = "steel-serving"
  display_name = "Steel Assets: prediction service"
}

resource "google_service_account" "scheduler" {
  account_id   = "steel-scheduler"
  display_name = "Steel Assets: starts the jobs"
}

resource "google_storage_bucket_iam_member" "lake" {
  for_each = {
    assets  = google_service_account.assets.email
    serving = google_service_account.serving.email # it writes its measurements
  }
  bucket = google_storage_bucket.lake.name
  role   = "roles/storage.objectUser"
  member = "serviceAccount:${each.value}"
}

resource "google_bigquery_dataset_iam_member" "assets" {
  dataset_id = google_bigquery_dataset.warehouse.dataset_id
  role       = "roles/bigquery.dataEditor"
  member     = "serviceAccount:${google_service_account.assets.email}"
}

resource "google_project_iam_member" "assets_query" {
  project = var.project
  role    = "roles/bigquery.jobUser"
  member  = "serviceAccount:${google_service_account.assets.email}"
}

resource "google_secret_manager_secret_iam_member" "assets" {
  for_each  = google_secret_manager_secret.settings
  secret_id = each.value.id
  role      = "roles/secretmanager.secretAccessor"
  member    = "serviceAccount:${google_service_account.assets.email}"
}

resource "google_secret_manager_secret_iam_member" "serving" {
  for_each  = local.serving_secrets
  secret_id = each.value
  role      = "roles/secretmanager.secretAccessor"
  member    = "serviceAccount:${google_service_account.serving.email}"
}

resource "google_cloud_run_v2_job_iam_member" "scheduler" {
  for_each = google_cloud_run_v2_job.jobs
  name     = each.value.name
  location = each.value.location
  role     = "roles/run.invoker"
  member   = "serviceAccount:${google_service_account.scheduler.email}"
}

locals {
  # Of the settings the service reads only the key that publications are signed with; provider keys are not its business.
  serving_secrets = merge(
    { keys = google_secret_manager_secret.keys.id },
    { for name, secret in google_secret_manager_secret.settings : name => secret.id if name == "STEEL_SIGNING_KEY" },
  )
}
