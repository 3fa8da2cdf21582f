# The servers of a measurement: a PostgreSQL, an nginx that answers every request at once, and the
# relay, all in one temporary directory and ended with the script. Sourced by tests/bench/run.

bench_directory=$(mktemp -d "${TMPDIR:-/tmp}/postrider-bench.XXXXXX")
chmod 755 "$bench_directory"
pg_bin=$(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -V | tail -n 1)
relay=
nginx=
postmaster=

fail() { printf 'tests/bench: %s\n' "$*" >&2; exit 1; }

as_postgres() {
  if [ "$(id -u)" = 0 ]; then runuser -u postgres -- "$@"; else "$@"; fi
}

# A port that nobody listens on just now.
free_port() {
  local port
  while port=$((20000 + RANDOM % 20000)); do
    (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null || { echo "$port"; return; }
  done
}

start_postgres() {
  local data=$bench_directory/data user
  user=$([ "$(id -u)" = 0 ] && echo postgres || id -un)
  mkdir "$data" "$bench_directory/socket"
  [ "$(id -u)" != 0 ] || chown postgres: "$data" "$bench_directory/socket"
  as_postgres "$pg_bin/initdb" -D "$data" -U "$user" -A trust -E UTF8 --locale=C.UTF-8 \
    >"$bench_directory/initdb.log" 2>&1 || { cat "$bench_directory/initdb.log"; fail "initdb failed"; }
  # Durable as it comes; no checkpoint and no autovacuum falls into a measurement.
  cat >>"$data/postgresql.conf" <<CONF
listen_addresses = ''
unix_socket_directories = '$bench_directory/socket'
shared_buffers = 1GB
max_wal_size = 16GB
checkpoint_timeout = 1h
autovacuum = off
CONF
  as_postgres "$pg_bin/pg_ctl" -D "$data" -w -l "$data/server.log" start >/dev/null ||
    { cat "$data/server.log"; fail "PostgreSQL did not start"; }
  postmaster=$(head -n 1 "$data/postmaster.pid")
  export PGHOST=$bench_directory/socket PGUSER=$user PGDATABASE=bench PGTZ=UTC
  PGDATABASE=postgres sql -c 'CREATE DATABASE bench'
}

export PGOPTIONS='-c client_min_messages=warning'
sql() { psql -X -q -v ON_ERROR_STOP=1 "$@"; }
value() { sql -At -c "$1"; }

start_nginx() {
  local port
  port=$(free_port)
  cat >"$bench_directory/nginx.conf" <<CONF
daemon off;
worker_processes 1;
pid $bench_directory/nginx.pid;
error_log $bench_directory/nginx.log;
events { worker_connections 4096; }
http {
  access_log off;
  client_body_temp_path $bench_directory/body;
  proxy_temp_path $bench_directory/proxy;
  fastcgi_temp_path $bench_directory/fastcgi;
  uwsgi_temp_path $bench_directory/uwsgi;
  scgi_temp_path $bench_directory/scgi;
  keepalive_requests 100000000;
  keepalive_timeout 600s;
  server { listen 127.0.0.1:$port; 
    location / { return 200 '{"ok":true}'; }
    location /events/hangs { limit_rate 1; return 200 '{"an": "answer that nobody waits for"}'; }
    location /events/late { limit_rate 17; return 200 '{"ok": 1}'; }
    location /events/banned { add_header Retry-After 300 always; return 429; }
    location /events/slowly { limit_rate 64; return 200 '{"ok": true}'; }
  }
}
CONF
  /usr/sbin/nginx -c "$bench_directory/nginx.conf" -p "$bench_directory" 2>"$bench_directory/nginx.err" &
  nginx=$!
  receiver=http://127.0.0.1:$port/events
  wait_for nginx curl -sf -o "$bench_directory/answer" -d x "$receiver"
}

# A database with an empty outbox; how the destination "bench" differs, and where it sends.
new_outbox() {
  local settings=${1:-concurrency: 64} url=${2:-$receiver}
  stop_relay
  sql -c 'DROP SCHEMA IF EXISTS outbox CASCADE'
  cat >"$bench_directory/postrider.yaml" <<YAML
database: {url: "postgresql:///bench"}
relay: {name: bench}
metrics: {listen: "127.0.0.1:$(free_port)"}
log: {level: warning}
destinations:
  bench:
    topics: [bench]
    start: beginning
    http: {url: "$url", allow_private: true}
    max_unsettled: 4096
    $settings
YAML
  export POSTRIDER_CONFIG=$bench_directory/postrider.yaml
  "$postrider" migrate --roles none >"$bench_directory/migrate.log"
}

start_relay() {
  "$postrider" run >"$bench_directory/relay.log" 2>&1 &
  relay=$!
  wait_for "the relay" "$postrider" healthcheck
}

stop_relay() {
  [ -n "$relay" ] || return 0
  kill "$relay" 2>/dev/null || true
  wait "$relay" 2>/dev/null || true
  relay=
}

wait_for() {
  local what=$1 deadline=$((SECONDS + 300))
  shift
  until "$@" >/dev/null 2>&1; do
    [ $SECONDS -lt $deadline ] || { tail -n 20 "$bench_directory/relay.log"; fail "$what did not come"; }
    sleep 0.1
  done
}

stop_all() {
  stop_relay
  [ -z "$nginx" ] || { kill "$nginx" 2>/dev/null; wait "$nginx" 2>/dev/null; } || true
  [ -z "$postmaster" ] ||
    as_postgres "$pg_bin/pg_ctl" -D "$bench_directory/data" -m immediate -w stop >/dev/null || true
  rm -rf "$bench_directory"
}
