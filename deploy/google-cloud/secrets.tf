# Secrets are made empty: what is in them is added by hand and is in no state of Terraform (deploy/README.md).
resource "google_secret_manager_secret" "settings" {
  for_each  = var.secrets
  secret_id = lower(replace(each.key, "_", "-"))
  labels    = local.labels

  replication {
    auto {}
  }

  depends_on = [google_project_service.apis]
}

resource "google_secret_manager_secret" "keys" {
  secret_id = "steel-api-keys" # the key file of the service, salted hashes: steel keys create writes it
  labels    = local.labels

  replication {
    auto {}
  }

  depends_on = [google_project_service.apis]
}

locals {
  # A setting names its secret; the platform looks it up once per process, and nothing of it is in a configuration.
  secret_settings = { for name, secret in google_secret_manager_secret.settings : name => "sm://${var.project}/${secret.secret_id}" }
}
