"""The prediction service: answers from the published snapshot; it loads no model and never imports Dagster."""
