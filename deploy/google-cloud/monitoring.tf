# What tells people: the budget, a job that failed or did not come, a service that fails, is slow or full. The platform's own alerts
# (docs/alerts.md) tell what is wrong with prices and models; these tell what it cannot: that it does not run.
resource "google_monitoring_notification_channel" "email" {
  display_name = "Steel Assets"
  type         = "email"
  labels       = { email_address = var.alert_email }

  depends_on = [google_project_service.apis]
}

resource "google_billing_budget" "month" {
  billing_account = var.billing_account
  display_name    = "Steel Assets"

  budget_filter {
    projects = ["projects/${data.google_project.this.number}"]
  }

  amount {
    specified_amount {
      currency_code = "USD"
      units         = tostring(var.monthly_budget_usd)
    }
  }

  dynamic "threshold_rules" {
    for_each = [0.5, 0.8, 1.0]
    content {
      threshold_percent = threshold_rules.value
    }
  }

  threshold_rules {
    threshold_percent = 1.0
    spend_basis       = "FORECASTED_SPEND"
  }

  all_updates_rule {
    monitoring_notification_channels = [google_monitoring_notification_channel.email.id]
  }

  depends_on = [google_project_service.apis]
}

resource "google_logging_metric" "errors" {
  for_each    = { job = "cloud_run_job", service = "cloud_run_revision" }
  name        = "steel-${each.key}-errors"
  description = "Lines of severity ERROR or worse that the ${each.key} wrote."
  filter      = "resource.type=\"${each.value}\" AND resource.labels.project_id=\"${var.project}\" AND severity>=ERROR"

  metric_descriptor {
    metric_kind = "DELTA"
    value_type  = "INT64"
    unit        = "1"
  }

  depends_on = [google_project_service.apis]
}

locals {
  of_service = "resource.type=\"cloud_run_revision\" AND resource.labels.service_name=\"steel-assets\""
  of_jobs    = "resource.type=\"cloud_run_job\""

  # The mission's limits: errors 5 %, two seconds, memory 90 %, CPU 85 %.
  conditions = {
    availability = {
      title    = "The service answers with errors"
      filter   = "${local.of_service} AND metric.type=\"run.googleapis.com/request_count\" AND metric.labels.response_code_class=\"5xx\""
      divide   = "${local.of_service} AND metric.type=\"run.googleapis.com/request_count\""
      aligner  = "ALIGN_DELTA", reducer = "REDUCE_SUM", period = "300s", compare = "COMPARISON_GT", limit = 0.05, missing = null, lasting = "0s"
      advice   = "More than 5 % of the answers of five minutes were errors. Look at the log of the service; `steel status` says what it answers from."
      severity = "CRITICAL"
    }
    latency = {
      title    = "The service is slow"
      filter   = "${local.of_service} AND metric.type=\"run.googleapis.com/request_latencies\""
      divide   = null
      aligner  = "ALIGN_PERCENTILE_95", reducer = "REDUCE_MAX", period = "300s", compare = "COMPARISON_GT", limit = 2000, missing = null, lasting = "0s"
      advice   = "One answer in twenty takes more than two seconds. A cold start is one; many mean that an instance is full."
      severity = "WARNING"
    }
    errors = {
      title    = "A job wrote errors"
      filter   = "${local.of_jobs} AND metric.type=\"logging.googleapis.com/user/${google_logging_metric.errors["job"].name}\""
      divide   = null
      aligner  = "ALIGN_DELTA", reducer = "REDUCE_SUM", period = "3600s", compare = "COMPARISON_GT", limit = 0, missing = null, lasting = "0s"
      advice   = "A job wrote lines of severity ERROR. Each names what failed and the remedy."
      severity = "WARNING"
    }
    job_failed = {
      title    = "A job failed"
      filter   = "${local.of_jobs} AND metric.type=\"run.googleapis.com/job/completed_execution_count\" AND metric.labels.result=\"failed\""
      divide   = null
      aligner  = "ALIGN_DELTA", reducer = "REDUCE_SUM", period = "600s", compare = "COMPARISON_GT", limit = 0, missing = null, lasting = "0s"
      advice   = "Its log says which step and why. The next execution continues; to begin it now: gcloud run jobs execute NAME."
      severity = "ERROR"
    }
    job_missing = {
      title    = "No daily update for 25 hours"
      filter   = "${local.of_jobs} AND resource.labels.job_name=\"daily-data-update\" AND metric.type=\"run.googleapis.com/job/completed_execution_count\" AND metric.labels.result=\"succeeded\""
      divide   = null
      aligner  = "ALIGN_DELTA", reducer = "REDUCE_SUM", period = "90000s", compare = "COMPARISON_LT", limit = 1, missing = "EVALUATION_MISSING_DATA_ACTIVE", lasting = "60s"
      advice   = "Cloud Scheduler did not start it, or it never ended. Look at both; then gcloud run jobs execute daily-data-update."
      severity = "CRITICAL"
    }
    memory = {
      title    = "A container is nearly out of memory"
      filter   = "${local.of_service} AND metric.type=\"run.googleapis.com/container/memory/utilizations\""
      divide   = null
      aligner  = "ALIGN_PERCENTILE_99", reducer = "REDUCE_MAX", period = "300s", compare = "COMPARISON_GT", limit = 0.90, missing = null, lasting = "0s"
      advice   = "Above 90 % of its memory. It is restarted when it runs out; raise the limit in service.tf if this stays."
      severity = "WARNING"
    }
    cpu = {
      title    = "A container is busy"
      filter   = "${local.of_service} AND metric.type=\"run.googleapis.com/container/cpu/utilizations\""
      divide   = null
      aligner  = "ALIGN_PERCENTILE_99", reducer = "REDUCE_MAX", period = "300s", compare = "COMPARISON_GT", limit = 0.85, missing = null, lasting = "600s"
      advice   = "Above 85 % of its processor for ten minutes: who asks so much?"
      severity = "WARNING"
    }
  }
}

resource "google_monitoring_alert_policy" "policies" {
  for_each              = local.conditions
  display_name          = "Steel Assets: ${each.value.title}"
  combiner              = "OR"
  severity              = each.value.severity
  notification_channels = [google_monitoring_notification_channel.email.id]
  user_labels           = local.labels

  documentation {
    mime_type = "text/markdown"
    content   = each.value.advice
  }

  alert_strategy {
    auto_close = "604800s"
  }

  conditions {
    display_name = each.value.title
    condition_threshold {
      filter                  = each.value.filter
      denominator_filter      = each.value.divide
      comparison              = each.value.compare
      threshold_value         = each.value.limit
      duration                = each.value.lasting # of 60s or more where missing data counts
      evaluation_missing_data = each.value.missing

      aggregations {
        alignment_period     = each.value.period
        per_series_aligner   = each.value.aligner
        cross_series_reducer = each.value.reducer
      }

      dynamic "denominator_aggregations" {
        for_each = each.value.divide == null ? [] : [each.value]
        content {
          alignment_period     = each.value.period
          per_series_aligner   = each.value.aligner
          cross_series_reducer = each.value.reducer
        }
      }

      trigger {
        count = 1
      }
    }
  }
}

locals {
  charts = {
    "Requests by class of answer"  = ["${local.of_service} AND metric.type=\"run.googleapis.com/request_count\"", "ALIGN_RATE", "REDUCE_SUM", "metric.label.response_code_class"]
    "Latency, 95th percentile, ms" = ["${local.of_service} AND metric.type=\"run.googleapis.com/request_latencies\"", "ALIGN_PERCENTILE_95", "REDUCE_MAX", null]
    "Executions of jobs by result" = ["${local.of_jobs} AND metric.type=\"run.googleapis.com/job/completed_execution_count\"", "ALIGN_DELTA", "REDUCE_SUM", "metric.label.result"]
    "Processor seconds billed"     = ["${local.of_jobs} AND metric.type=\"run.googleapis.com/container/billable_instance_time\"", "ALIGN_DELTA", "REDUCE_SUM", "resource.label.job_name"]
    "Memory, share"                = ["${local.of_service} AND metric.type=\"run.googleapis.com/container/memory/utilizations\"", "ALIGN_PERCENTILE_99", "REDUCE_MAX", null]
    "Errors in logs of jobs"       = ["${local.of_jobs} AND metric.type=\"logging.googleapis.com/user/${google_logging_metric.errors["job"].name}\"", "ALIGN_DELTA", "REDUCE_SUM", null]
  }
}

resource "google_monitoring_dashboard" "overview" {
  dashboard_json = jsonencode({
    displayName = "Steel Assets"
    gridLayout = {
      columns = "2"
      widgets = [for title, chart in local.charts : {
        title = title
        xyChart = {
          dataSets = [{
            plotType = "LINE"
            timeSeriesQuery = {
              timeSeriesFilter = {
                filter = chart[0]
                aggregation = {
                  alignmentPeriod    = "300s"
                  perSeriesAligner   = chart[1]
                  crossSeriesReducer = chart[2]
                  groupByFields      = chart[3] == null ? [] : [chart[3]]
                }
              }
            }
          }]
        }
      }]
    }
  })

  depends_on = [google_project_service.apis]
}
