# What is measured. Each prints its figures by `figure`. Sourced by tests/bench/run.

# figure NAME VALUE [<=|>=] [BOUND] [UNIT]
figure() {
  local name=$1 value=$2 relation=${3:-} bound=${4:-} unit=${5:-} verdict=
  if [ -n "$relation" ] && ! awk "BEGIN { exit !($value $relation $bound) }"; then
    verdict='  MISSED'
    missed=1
  fi
  printf '%-52s %12s %14s%s\n' "$name" "$value${unit:+ $unit}" \
    "${relation:+$relation $bound${unit:+ $unit}}" "$verdict"
}

ratio() { awk "BEGIN { printf \"%.3f\", ($1) / ($2) }"; }

now() { date +%s.%N; }

# CPU seconds of a process, and of all the children that it has waited for.
own_cpu() { sed 's/.*) //' "/proc/$1/stat" | awk -v tick="$(getconf CLK_TCK)" '{ print ($12 + $13) / tick }'; }
reaped_cpu() { sed 's/.*) //' "/proc/$1/stat" | awk -v tick="$(getconf CLK_TCK)" '{ print ($14 + $15) / tick }'; }

payload="'{\"order_id\": 42, \"note\": \"' || rpad('', 160, 'x') || '\"}'"

# Events of 200 bytes, committed at once.
produce() {
  value "INSERT INTO outbox.event (topic, payload) SELECT 'bench', $payload FROM generate_series(1, $1)"
}

# Sends all that is due and prints the seconds it took, start and durable end included.
drain() {
  local began
  began=$(now)
  "$postrider" run --once >"$bench_directory/relay.log" 2>&1 ||
    { cat "$bench_directory/relay.log"; fail "the relay did not deliver everything"; }
  awk "BEGIN { print $(now) - $began }"
}

expect_delivered() {
  local delivered
  delivered=$(value "SELECT count(*) FROM outbox.outcome WHERE state = 1")
  [ "$delivered" = "$1" ] || fail "$delivered of $1 events were delivered"
}

measure_throughput() {
  local round seconds requests=() delivered=()
  cat >"$bench_directory/post.lua" <<LUA
wrk.method = "POST"
wrk.body = '{"order_id": 42, "note": "' .. string.rep("x", 160) .. '"}'
wrk.headers["Content-Type"] = "application/json"
LUA
  # By turns, because the machine is fast in one minute and slow in the next.
  for round in 1 2 3; do
    requests+=("$(wrk -t1 -c64 -d5s -s "$bench_directory/post.lua" "$receiver" |
      awk '/^Requests\/sec/ { print $2 }')")
    new_outbox
    produce "$events"
    seconds=$(drain)
    delivered+=("$(awk "BEGIN { printf \"%.0f\", $events / $seconds }")")
    expect_delivered "$events"
  done
  figure "wrk, one thread, requests per second" "$(median "${requests[@]}")"
  figure "relay, events per second" "$(median "${delivered[@]}")"
  figure "throughput of the relay / wrk" \
    "$(ratio "$(median "${delivered[@]}")" "$(median "${requests[@]}")")" '>=' 0.25
}

# A queue of the usual kind; see claiming_relay.cc.
make_jobs() {
  sql <<SQL
DROP TABLE IF EXISTS job;
CREATE TABLE job (id bigserial PRIMARY KEY, topic text NOT NULL, payload jsonb NOT NULL,
                  priority smallint NOT NULL DEFAULT 0, run_at timestamptz NOT NULL DEFAULT now(),
                  attempts smallint NOT NULL DEFAULT 0, max_attempts smallint NOT NULL DEFAULT 25,
                  last_error text, locked_at timestamptz, locked_by text,
                  created_at timestamptz NOT NULL DEFAULT now());
CREATE INDEX ON job (priority, run_at, id) WHERE locked_at IS NULL;
INSERT INTO job (topic, payload) SELECT 'bench', ($payload)::jsonb FROM generate_series(1, $1);
ANALYZE job;
SQL
}

# By a relay of the usual kind, as fast as it can.
work_jobs() {
  "$bench_programs/claiming_relay" dbname=bench "$receiver" 64
}

wal() { value "SELECT pg_current_wal_insert_lsn() - '0/0'"; }

# Runs a command; sets `busy` (CPU seconds of its backends) and `written` (bytes of WAL).
measure_backends() {
  local wal_before cpu_before
  sql -c CHECKPOINT
  wal_before=$(wal)
  cpu_before=$(reaped_cpu "$postmaster")
  # In a subshell, so that what it says is seen when it fails.
  ("$@") >"$bench_directory/measured.log" 2>&1 || { cat "$bench_directory/measured.log"; fail "$1 failed"; }
  sleep 0.5  # until the last backend is reaped
  busy=$(awk "BEGIN { print $(reaped_cpu "$postmaster") - $cpu_before }")
  written=$(awk "BEGIN { print $(wal) - $wal_before }")
}

# What a command costs for each event: sets `cpu` (us) and `bytes`. Opening sessions and looking at
# an empty table, `idle_busy` seconds, happens once and is not counted.
cost_of_each() {
  measure_backends "$@"
  cpu=$(awk "BEGIN { printf \"%.2f\", ($busy - $idle_busy) * 1e6 / $events }")
  bytes=$(awk "BEGIN { printf \"%.0f\", $written / $events }")
}

measure_cost() {
  local round ours=() theirs=() claim_bytes busy written cpu bytes idle_busy
  for round in 1 2 3; do
    make_jobs 0
    measure_backends work_jobs
    idle_busy=$busy
    make_jobs "$events"
    cost_of_each work_jobs
    [ "$(value 'SELECT count(*) FROM job')" = 0 ] || fail "jobs are left"
    theirs+=("$cpu")
    claim_bytes=$bytes
    new_outbox
    measure_backends drain
    idle_busy=$busy
    produce "$events"
    cost_of_each drain
    expect_delivered "$events"
    ours+=("$cpu")
  done
  figure "claim and delete: backend CPU per event" "$(median "${theirs[@]}")" '' '' us
  figure "claim and delete: WAL per event" "$claim_bytes" '' '' B
  figure "relay: backend CPU per event" "$(median "${ours[@]}")" '' '' us
  figure "relay: WAL per event" "$bytes" '<=' 200 B
  figure "backend CPU of the relay / claim and delete" \
    "$(ratio "$(median "${ours[@]}")" "$(median "${theirs[@]}")")" '<=' 0.333
  figure "dead tuples in event and outcome" "$(value "
    SELECT coalesce(sum(n_dead_tup), 0) FROM pg_stat_user_tables
    WHERE schemaname = 'outbox' AND relname ~ '^(event|outcome)(_|$)'")" '<=' 0
}

# A session that holds a snapshot, as a report or a dump does, until its input is closed.
hold_snapshot() {
  coproc held { sql -At; }
  echo "BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT count(*) FROM pg_class;" >&"${held[1]}"
  read -r _ <&"${held[0]}"
}

let_go() {
  local pid=$held_PID
  eval "exec ${held[1]}>&-"
  wait "$pid" 2>/dev/null || true
}

drained_per_second() {
  produce "$events"
  awk "BEGIN { print $events / $(drain) }"
}

measure_snapshot() {
  local free held_first held_last million=0
  new_outbox
  free=$(drained_per_second)
  new_outbox
  hold_snapshot
  held_first=$(drained_per_second)
  while [ $((million += events)) -lt 1000000 ]; do held_last=$(drained_per_second); done
  let_go
  figure "throughput with a held snapshot / without" "$(ratio "$held_first" "$free")" '>=' 0.9
  figure "the same after $million events" "$(ratio "${held_last:-$held_first}" "$free")" '>=' 0.9
}

metrics() {
  curl -sf "http://$(sed -n 's/^metrics: {listen: "\(.*\)"}/\1/p' "$POSTRIDER_CONFIG")/metrics"
}

# The mean of a histogram, in milliseconds, between two scrapes.
mean_poll_ms() {
  metrics | awk -v was="$1" '
    /^postrider_database_query_duration_seconds_(sum|count)\{.*purpose="poll"/ { total[$1 ~ /_sum/] = $2 }
    END { split(was, old, "/"); if (was == "") print total[1] "/" total[0]
          else printf "%.3f", (total[1] - old[1]) / (total[0] - old[2]) * 1000 }'
}

# The mean poll of some seconds in which others commit events, or there would be nothing to look for.
poll_ms_beside_commits() {
  local before
  before=$(mean_poll_ms '')
  "$pg_bin/pgbench" -n -c 1 -R 50 -T 5 -f "$bench_directory/event.sql" bench >"$bench_directory/polls.log" 2>&1 ||
    { cat "$bench_directory/polls.log"; fail "pgbench failed"; }
  mean_poll_ms "$before"
}

measure_uncommitted() {
  local quiet
  new_outbox
  start_relay
  echo "INSERT INTO outbox.event (topic, payload) VALUES ('bench', '{}');" >"$bench_directory/event.sql"
  quiet=$(poll_ms_beside_commits)
  hold_snapshot
  echo "INSERT INTO outbox.event (topic, payload) SELECT 'bench', $payload FROM generate_series(1, 1000000); SELECT 1;" >&"${held[1]}"
  read -r _ <&"${held[0]}"
  figure "a poll beside commits" "$quiet" '' '' ms
  figure "a poll beside a million uncommitted events too" "$(poll_ms_beside_commits)" '<=' 5 ms
  echo "ROLLBACK;" >&"${held[1]}"
  let_go
  stop_relay
}

# Backend CPU of an INSERT in a transaction of its own with the payload as a parameter, as drivers do it, in
# us; without the wait for the disk, which is the same for every table and would take minutes.
insert_cpu() {
  local before
  before=$(reaped_cpu "$postmaster")
  PGOPTIONS="$PGOPTIONS -c synchronous_commit=off" \
    "$pg_bin/pgbench" -n -M prepared -D body="$2" -c 1 -t 20000 -f "$1" bench >"$bench_directory/insert.log" 2>&1 ||
    { cat "$bench_directory/insert.log"; fail "pgbench failed"; }
  sleep 0.3
  awk "BEGIN { printf \"%.1f\", ($(reaped_cpu "$postmaster") - $before) / 20000 * 1e6 }"
}

measure_producer() {
  local body round ours=() theirs=()
  body=$(value "SELECT $payload")
  new_outbox
  sql <<'SQL'
DROP TABLE IF EXISTS classic;
CREATE TABLE classic (id bigserial PRIMARY KEY, topic text NOT NULL, payload jsonb NOT NULL,
                      created_at timestamptz NOT NULL DEFAULT now(), sent_at timestamptz);
CREATE INDEX ON classic (id) WHERE sent_at IS NULL;
SQL
  echo "INSERT INTO classic (topic, payload) VALUES ('bench', :body);" >"$bench_directory/classic.sql"
  echo "INSERT INTO outbox.event (topic, payload) VALUES ('bench', :body);" >"$bench_directory/event.sql"
  for round in 1 2 3; do
    theirs+=("$(insert_cpu "$bench_directory/classic.sql" "$body")")
    ours+=("$(insert_cpu "$bench_directory/event.sql" "$body")")
  done
  figure "INSERT into a classic outbox: backend CPU" "$(median "${theirs[@]}")" '' '' us
  figure "INSERT into outbox.event: backend CPU" "$(median "${ours[@]}")" '' '' us
  figure "INSERT into outbox.event / classic" \
    "$(ratio "$(median "${ours[@]}")" "$(median "${theirs[@]}")")" '<=' 1.25
}

median() { printf '%s\n' "$@" | sort -g | sed -n "$((($# + 1) / 2))p"; }

measure_latency() {
  local figures
  new_outbox
  start_relay
  echo "INSERT INTO outbox.event (topic, payload) VALUES ('bench', '{}');" >"$bench_directory/event.sql"
  "$pg_bin/pgbench" -n -M prepared -c 2 -R 500 -T 20 -f "$bench_directory/event.sql" bench \
    >"$bench_directory/latency.log" 2>&1 || { cat "$bench_directory/latency.log"; fail "pgbench failed"; }
  sleep 1
  stop_relay
  # From before the commit to the answer, which is more than from commit to arrival.
  figures=$(sql -At -F ' ' -c "
    SELECT round((1000 * percentile_cont(0.5) WITHIN GROUP (ORDER BY waited))::numeric, 1),
           round((1000 * percentile_cont(0.99) WITHIN GROUP (ORDER BY waited))::numeric, 1)
    FROM (SELECT extract(epoch FROM o.finished_at - e.recorded_at) AS waited
          FROM outbox.event e JOIN outbox.outcome o ON o.event_id = e.id) AS d")
  figure "INSERT to answer at 500 events/s, p50" "${figures% *}" '<=' 10 ms
  figure "INSERT to answer at 500 events/s, p99" "${figures#* }" '<=' 50 ms
}

# CPU seconds of the relay and of every process of PostgreSQL.
all_cpu() {
  local pid total=0
  for pid in "$relay" $(pgrep -P "$postmaster"); do total=$total+$(own_cpu "$pid"); done
  awk "BEGIN { print $total }"
}

# Percent of a core that the relay and PostgreSQL take when nothing happens.
percent_at_rest() {
  local before
  start_relay
  sleep 3
  before=$(all_cpu)
  sleep 30
  at_rest=$(awk "BEGIN { printf \"%.2f\", ($(all_cpu) - $before) / 30 * 100 }")
  stop_relay
}

measure_idle() {
  local at_rest
  new_outbox
  percent_at_rest
  figure "idle: relay and PostgreSQL, of one core" "$at_rest" '<=' 1 '%'
  sed -i 's/^relay: {name: bench}/relay: {name: bench, poll: {max: 250ms}}/' "$POSTRIDER_CONFIG"
  percent_at_rest
  figure "the same with poll.max: 250ms" "$at_rest" '' '' '%'
}

# Resident memory with everything waiting: a partner that takes seconds for each answer.
measure_memory() {
  new_outbox $'concurrency: 256\n    breaker: false' "$receiver/slowly"
  produce 1000000
  start_relay
  wait_for "the first answers" delivered_some
  figure "in flight beside a million waiting events" "$(in_flight)" '>=' 200
  figure "resident memory of the relay" "$(resident_mb "$relay")" '<=' 64 MB
  stop_relay
}

in_flight() { metrics | awk '/^postrider_deliveries\{.*state="sending"/ { print $2 }'; }

delivered_some() { [ "$(value 'SELECT count(*) > 1000 FROM outbox.outcome')" = t ]; }

resident_mb() { awk '/^VmRSS/ { printf "%.1f", $2 / 1024 }' "/proc/$1/status"; }
