"""The outbox of alerts, acknowledgements by link, and price watches."""
