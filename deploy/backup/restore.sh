#!/bin/sh
# HOTLINE_RESTORE_HOOK for an outside PostgreSQL: takes what dump.sh wrote on standard input, all in one transaction.
# What the schema public holds is dropped; the service calls this on a database with tables only when told --replace.
# A dump knows its own moment only: HOTLINE_RESTORE_TO has chosen the dump and is not used here.
set -eu
{
    echo 'begin; drop schema if exists public cascade; create schema public;'
    # a dump that cannot be read must not end in a commit
    pg_restore --no-owner --no-privileges --exit-on-error --file=- || echo 'select the_dump_could_not_be_read;'
    echo 'commit;'
} | psql --no-psqlrc --quiet --output=/dev/null --set=ON_ERROR_STOP=1 --dbname="$HOTLINE_DATABASE_URL"
