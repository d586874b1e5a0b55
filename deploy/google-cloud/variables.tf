variable "project" {
  description = "Project that everything is in; it must exist and have billing."
  type        = string
}

variable "billing_account" {
  description = "Billing account of the project, 000000-000000-000000, for the budget."
  type        = string
}

variable "alert_email" {
  description = "Who is told: budget, failed jobs, a service that does not answer."
  type        = string
}

variable "region" {
  description = "Where everything is. The free tier of Cloud Storage is in us-central1, us-east1 and us-west1 only."
  type        = string
  default     = "us-central1"
}

variable "image_tag" {
  description = "Tag of the images steel-platform and steel-service in the registry that this makes."
  type        = string
  default     = "latest"
}

variable "images_pushed" {
  description = "False for the first apply, which makes the registry; true once both images are in it."
  type        = bool
  default     = true
}

variable "sources" {
  description = "Where prices come from: live or files. (The sandbox is for laptops.)"
  type        = string
  default     = "live"
  validation {
    condition     = contains(["live", "files"], var.sources)
    error_message = "sources must be live or files."
  }
}

variable "secrets" {
  description = "Settings that are kept in Secret Manager. Each gets an empty secret; add a version before the first run."
  type        = set(string)
  default     = ["STEEL_SIGNING_KEY"]
}

variable "public" {
  description = "Whether the service is reached without a Google account; every question but /health needs one of its own keys."
  type        = bool
  default     = true
}

variable "monthly_budget_usd" {
  description = "Told at 50, 80 and 100 %."
  type        = number
  default     = 5
}

variable "protected" {
  description = "Refuse to delete the data. Apply with false before taking it down."
  type        = bool
  default     = true
}
