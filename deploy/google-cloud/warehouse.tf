# The mission's dataset. The tables are those of steel_assets/core/tables.py (tables.json is made from it, and a test compares);
# the platform adds columns itself when a release brings some, so a changed schema is no change here.
resource "google_bigquery_dataset" "warehouse" {
  #checkov:skip=CKV_GCP_81:encrypted with keys of Google; a key of one's own is billed every month
  dataset_id                 = "steel_rebar_predictor"
  location                   = var.region
  description                = "Forecasts of steel prices, how good they were, and what decided about them."
  delete_contents_on_destroy = !var.protected
  labels                     = local.labels

  depends_on = [google_project_service.apis]
}

resource "google_bigquery_table" "tables" {
  #checkov:skip=CKV_GCP_80:encrypted with keys of Google; a key of one's own is billed every month
  for_each            = { for table in jsondecode(file("${path.module}/tables.json")) : table.name => table }
  dataset_id          = google_bigquery_dataset.warehouse.dataset_id
  table_id            = each.key
  description         = each.value.description
  schema              = jsonencode(each.value.schema)
  clustering          = each.value.clustering
  deletion_protection = var.protected
  labels              = local.labels

  dynamic "time_partitioning" {
    for_each = each.value.partition == null ? [] : [each.value.partition]
    content {
      type  = "DAY"
      field = time_partitioning.value
    }
  }

  lifecycle {
    ignore_changes = [schema]
  }
}
