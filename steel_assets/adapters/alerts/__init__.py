"""The outbox of alerts, and acknowledgements that come by link."""
