#!/bin/sh
# Starts the whole platform on this machine with `docker compose`, `podman compose` or `podman-compose`. The first time it makes the
# passwords that its parts use among themselves, in deploy/compose/.env (600, never committed); after that it changes nothing there.
set -eu
cd "$(dirname "$0")"
umask 077

if docker compose version >/dev/null 2>&1; then engine=docker compose="docker compose"
elif podman compose version >/dev/null 2>&1; then engine=podman compose="podman compose"
elif podman-compose version >/dev/null 2>&1; then engine=podman compose=podman-compose
else
    echo "error: none of 'docker compose', 'podman compose' and 'podman-compose' is on this machine; without one, see deploy/systemd/" >&2
    exit 2
fi

random() { od -An -N24 -tx1 /dev/urandom | tr -d ' \n'; }

if [ ! -e .env ]; then
    password=$(random)
    hash=$(printf '%s\n' "$password" | "$engine" run --rm -i caddy:2.8-alpine caddy hash-password)
    {
        echo "POSTGRES_PASSWORD=$(random)"
        echo "REDIS_PASSWORD=$(random)"
        echo "STEEL_SIGNING_KEY=$(random)"
        echo "SITE_HOST=steel.localhost"
        echo "DAGSTER_HOST=dagster.localhost"
        echo "DAGSTER_USER=steel"
        echo "DAGSTER_PASSWORD_HASH='$hash'"
    } >".env.$$"
    mv ".env.$$" .env
    echo "The Dagster UI's user is steel, its password, shown only now: $password"
fi

export BUILDAH_FORMAT=docker  # the other format of Podman has no health checks
$compose up --detach --build --wait
# shellcheck disable=SC1091  # made above
. ./.env
port=${HTTPS_PORT:+:$HTTPS_PORT}
echo "Service: https://$SITE_HOST$port/dashboard   Dagster: https://$DAGSTER_HOST$port"
echo "First key: $compose -f $(pwd)/compose.yaml exec daemon steel keys create \"my program\""
