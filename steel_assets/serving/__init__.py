"""The prediction service: reads what the platform publishes; loads no model and never imports Dagster."""
