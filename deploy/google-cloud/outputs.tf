output "service" {
  description = "The API and the dashboard."
  value       = one(google_cloud_run_v2_service.service[*].uri)
}

output "registry" {
  description = "Where the images are pushed to."
  value       = local.registry
}

output "lake" {
  description = "STEEL_LAKE, for looking at it from a laptop."
  value       = "gs://${google_storage_bucket.lake.name}"
}

output "warehouse" {
  description = "STEEL_WAREHOUSE."
  value       = "bigquery://${var.project}/${google_bigquery_dataset.warehouse.dataset_id}"
}
