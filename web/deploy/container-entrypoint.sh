#!/bin/sh
# Secrets that are mounted as files become settings of this process only: they are in no image, no compose file, no `docker inspect`.
set -eu
secrets=${SECRETS_FOLDER:-/run/secrets}
if [ -r "$secrets/xinqiao_secret" ]; then
    XINQIAO_SECRET=$(cat "$secrets/xinqiao_secret")
    export XINQIAO_SECRET
fi
if [ -r "$secrets/postgres_password" ] && [ -z "${XINQIAO_DATABASE_URL:-}" ]; then
    XINQIAO_DATABASE_URL="postgres://xinqiao:$(cat "$secrets/postgres_password")@${POSTGRES_HOST:-postgres}:5432/xinqiao"
    export XINQIAO_DATABASE_URL
fi
exec "$@"
