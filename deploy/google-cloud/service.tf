# The API and the dashboard: from no instance to three, as the mission has it.
resource "google_cloud_run_v2_service" "service" {
  count               = var.images_pushed ? 1 : 0
  name                = "steel-assets"
  location            = var.region
  ingress             = "INGRESS_TRAFFIC_ALL"
  deletion_protection = false
  labels              = local.labels

  template {
    service_account                  = google_service_account.serving.email
    timeout                          = "300s"
    max_instance_request_concurrency = 100

    scaling {
      min_instance_count = 0
      max_instance_count = 3
    }

    containers {
      image = "${local.registry}/steel-service:${var.image_tag}"

      ports {
        container_port = 8000
      }

      resources {
        limits            = { cpu = "1", memory = "1Gi" }
        cpu_idle          = true # throttled: a processor is billed while a request is answered
        startup_cpu_boost = true
      }

      dynamic "env" {
        for_each = merge(
          {
            STEEL_SOURCES    = var.sources
            STEEL_HOME       = "/var/lib/steel/home"
            STEEL_LAKE       = "gs://${google_storage_bucket.lake.name}"
            STEEL_LOG_FORMAT = "json"
          },
          { for name, address in local.secret_settings : name => address if name == "STEEL_SIGNING_KEY" },
        )
        content {
          name  = env.key
          value = env.value
        }
      }

      volume_mounts {
        name       = "keys"
        mount_path = "/var/lib/steel/home/serving"
      }

      startup_probe {
        period_seconds    = 1
        failure_threshold = 30
        http_get {
          path = "/health"
        }
      }

      liveness_probe {
        period_seconds    = 60
        timeout_seconds   = 5
        failure_threshold = 3
        http_get {
          path = "/health"
        }
      }
    }

    volumes {
      name = "keys"
      secret {
        secret       = google_secret_manager_secret.keys.secret_id
        default_mode = 292 # 0444: its owner in the container is root
        items {
          version = "latest"
          path    = "keys.json"
        }
      }
    }
  }

  depends_on = [google_secret_manager_secret_iam_member.serving]
}

resource "google_cloud_run_v2_service_iam_member" "public" {
  count    = var.public && var.images_pushed ? 1 : 0
  name     = google_cloud_run_v2_service.service[0].name
  location = var.region
  role     = "roles/run.invoker"
  member   = "allUsers"
}
