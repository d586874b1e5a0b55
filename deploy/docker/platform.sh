#!/bin/sh
# Begins what the platform image runs: the instance's folder is made, with Dagster's storage in Postgres where DAGSTER_PG_HOST
# names one and in SQLite otherwise. A dagster.yaml that is there already (mounted, or of an earlier start) stays.
set -eu
umask 077
mkdir -p "$DAGSTER_HOME" "$DAGSTER_LOG_DIR"
if [ ! -e "$DAGSTER_HOME/dagster.yaml" ]; then
    kind=sqlite
    if [ -n "${DAGSTER_PG_HOST:-}" ]; then kind=postgres; fi
    cp "/opt/steel-assets/dagster/$kind.yaml" "$DAGSTER_HOME/.dagster.yaml.$$"
    mv "$DAGSTER_HOME/.dagster.yaml.$$" "$DAGSTER_HOME/dagster.yaml"
fi
exec "$@"
