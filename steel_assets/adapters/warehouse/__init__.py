"""The warehouse: the platform's tables, in DuckDB or BigQuery."""
