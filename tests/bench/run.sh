#!/usr/bin/env bash
# The same day at the bare floor and at Firstline, measured in turns: CPU, SQL statements, growth. See docs/measure.md.
#   SIZES="10k 1m" WORKS=W1,W2,W3,W4,W5 ROUNDS=3 OPS=30 BENCH_DIR=… bash tests/bench/run.sh
# Needs the harness beside the project (../shared/bench), PostgreSQL 15's server and its contrib package, and root for
# a cluster of its own on port 5442. Nothing of it touches another database, and nothing of it runs on afterwards.
set -euo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)
harness_source=${BENCH_SOURCE:-$root/../shared/bench}
dir=${BENCH_DIR:-$root/var/bench}
sizes=${SIZES:-"10k 1m"} works=${WORKS:-W1,W2,W3,W4,W5} rounds=${ROUNDS:-3} ops=${OPS:-30}
declare -A count=([1k]=1000 [10k]=10000 [100k]=100000 [1m]=1000000) place=([1k]=1 [10k]=2 [100k]=3 [1m]=4)
[ -d "$harness_source" ] || { echo "The harness is not at $harness_source; name its folder by BENCH_SOURCE." >&2; exit 2; }
bash "$harness_source/unpack.sh" "$dir" > /dev/null
dir=$(cd "$dir" && pwd) harness=$dir/harness python=$root/.venv/bin/python
chmod -R u+w "$harness"
ln -sfn "$root/.venv" "$dir/venv-hd"
export PGPASSWORD=perf PERF_PGPORT=5442
psql="psql -h 127.0.0.1 -p 5442 -U perf -v ON_ERROR_STOP=1 -qAt"
served=() has_started=
finish() {
  kill "${served[@]}" 2> /dev/null || true
  wait 2> /dev/null || true
  [ -z "$has_started" ] || pg_ctlcluster --skip-systemctl-redirect 15 perf stop -m fast || true
}
trap finish EXIT

if ! [ -d /etc/postgresql/15/perf ]; then
  pg_createcluster 15 perf --port 5442 > /dev/null
  cat >> /etc/postgresql/15/perf/postgresql.conf <<CONF
shared_preload_libraries = 'pg_stat_statements'
shared_buffers = '1GB'
work_mem = '16MB'
autovacuum = off
max_wal_size = '8GB'
jit = off
CONF
fi
if ! pg_isready -q -h 127.0.0.1 -p 5442; then
  "$harness/incg.sh" perf_pg pg_ctlcluster --skip-systemctl-redirect 15 perf start
  has_started=yes
fi
for _ in $(seq 30); do pg_isready -q -h 127.0.0.1 -p 5442 && break; sleep 1; done
(cd / && su postgres -c "psql -p 5442 -qc \"DO \\\$\\\$ BEGIN IF NOT EXISTS (SELECT 1 FROM pg_roles WHERE rolname = 'perf') THEN CREATE ROLE perf SUPERUSER LOGIN PASSWORD 'perf'; END IF; END \\\$\\\$\"")
$psql postgres -c "CREATE EXTENSION IF NOT EXISTS pg_stat_statements" 2> /dev/null

# A database is used again once it was filled to the end, which its comment says.
is_full() { [ "$($psql postgres -c "SELECT shobj_description(oid, 'pg_database') FROM pg_database WHERE datname = '$1'")" = full ]; }
begin() { $psql postgres -c "DROP DATABASE IF EXISTS $1" -c "CREATE DATABASE $1" 2> /dev/null; }
end() { $psql "$1" -c "VACUUM ANALYZE" -c "COMMENT ON DATABASE $1 IS 'full'"; }

specs=()
for size in $sizes; do
  n=${place[$size]}
  [ -f "$dir/data/$size/tickets.tsv" ] || "$python" "$harness/gendata.py" "${count[$size]}" "$dir/data/$size"
  if ! is_full "perf_floor_$size"; then
    echo "Filling the floor with ${count[$size]} tickets ..."
    begin "perf_floor_$size"
    (cd "$harness/floor" && PERF_DB=perf_floor_$size "$python" manage.py migrate -v0 \
      && $psql "perf_floor_$size" -c "DROP INDEX m_tsv" && PERF_DB=perf_floor_$size "$python" load.py "$dir/data/$size" \
      && $psql "perf_floor_$size" -c "SET maintenance_work_mem='1GB'; CREATE INDEX m_tsv ON desk_message USING gin(tsv)")
    end "perf_floor_$size"
  fi
  export DATABASE_URL="postgres://perf:perf@127.0.0.1:5442/perf_firstline_$size" DATA_DIR="$dir/run/firstline-$size"
  export SITE_URL="http://127.0.0.1:$((8620 + n))" PUBLIC_FORMS_PER_HOUR=100000000 LOG_LEVEL=WARNING
  if ! is_full "perf_firstline_$size"; then
    echo "Filling Firstline with ${count[$size]} tickets ..."
    begin "perf_firstline_$size"
    "$python" "$root/manage.py" migrate -v0
    "$python" "$root/manage.py" playbook load saas-tiered > /dev/null
    "$python" "$root/tests/bench/load.py" "$dir/data/$size"
    end "perf_firstline_$size"
  fi
  "$python" "$root/manage.py" migrate -v0
  "$python" "$root/manage.py" collectstatic --noinput -v0
  (cd "$harness/floor" && PERF_DB=perf_floor_$size exec "$harness/incg.sh" "perf_floor_$size" \
    "$root/.venv/bin/gunicorn" -w 2 -b "127.0.0.1:$((8600 + n))" --log-level warning floorproj.wsgi) &
  served+=($!)
  (cd "$root" && BIND="127.0.0.1:$((8620 + n))" exec "$harness/incg.sh" "perf_firstline_$size" \
    "$root/.venv/bin/gunicorn" -c python:helpdesk.gunicorn) &
  served+=($!)
  specs+=("$harness/specs/floor.py:$size" "$root/tests/bench/firstline.py:$size")
done
sleep 6
export BENCH_HARNESS=$harness
rm -f "$dir/result.json"
"$python" "$harness/bench.py" --out "$dir/result.json" --works "$works" --rounds "$rounds" --ops "$ops" --conc "${CONC:-0}" "${specs[@]}"
"$python" "$root/tests/bench/report.py" "$dir/result.json"
