#!/bin/sh
# HOTLINE_BACKUP_HOOK for an outside PostgreSQL: the whole database as one pg_dump archive on standard output,
# from the very snapshot the service counts its tables in.
set -eu
exec pg_dump --format=custom --no-owner --no-privileges --snapshot="$HOTLINE_BACKUP_SNAPSHOT" \
    --dbname="$HOTLINE_DATABASE_URL"
