#!/bin/sh
# HOTLINE_RESTORE_HOOK for an outside PostgreSQL: takes what dump.sh wrote on standard input, in one transaction.
# What is in the way is dropped; the service calls this on a database with tables only when told --replace.
# A dump knows its own moment only: HOTLINE_RESTORE_TO has chosen the dump and is not used here.
set -eu
exec pg_restore --single-transaction --clean --if-exists --no-owner --no-privileges --exit-on-error \
    --dbname="$HOTLINE_DATABASE_URL"
