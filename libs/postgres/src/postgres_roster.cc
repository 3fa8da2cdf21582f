#include "postrider/postgres/postgres_roster.h"

#include <utility>

#include "event_rows.h"
#include "sql_text.h"

namespace postrider {
namespace {

using sql_text::ArrayLiteral;
using sql_text::Quote;

constexpr milliseconds kHighestIdLimit{60000};

std::string Uuid(const std::string& id) { return Quote(id) + "::uuid"; }

/// The elements of a text array as PostgreSQL prints it.
std::vector<std::string> ReadTextArray(std::string_view text) {
  std::vector<std::string> elements;
  std::string element;
  bool quoted = false;
  for (std::size_t i = 1; i + 1 < text.size(); ++i) {
    const char c = text[i];
    if (c == '\\') {
      element += text[++i];
    } else if (c == '"') {
      quoted = !quoted;
    } else if (c == ',' && !quoted) {
      elements.push_back(std::exchange(element, {}));
    } else {
      element += c;
    }
  }
  if (text.size() > 2) elements.push_back(element);
  return elements;
}

std::string LaneList(const std::vector<LaneId>& lanes) {
  std::string list;
  for (const LaneId& lane : lanes) {
    if (!list.empty()) list += ", ";
    list += "(" + std::to_string(lane.destination) + ", " + std::to_string(lane.shard) + ")";
  }
  return list;
}

}  // namespace

Rows PostgresRoster::Run(const std::string& query_name, const std::string& sql) {
  return Run(query_name, sql, timeout_);
}

Rows PostgresRoster::Run(const std::string& query_name, const std::string& sql,
                         milliseconds limit) {
  return connection_.Execute(query_name,
                             "SET LOCAL lock_timeout = " + std::to_string(timeout_.count()) +
                                 "; SET LOCAL synchronous_commit = on; " + sql,
                             limit);
}

/// Has longer than other statements: the keys of deduplication are not indexed by event.
InstallationRecord PostgresRoster::ReadInstallation() {
  const Rows rows =
      Run("installation",
          "SELECT i.name, (SELECT max(version) FROM outbox.migration), "
          "coalesce(i.system_identifier <> (SELECT system_identifier FROM pg_control_system()), "
          "false), (SELECT seqcache FROM pg_sequence WHERE seqrelid = "
          "'outbox.event_id_seq'::regclass), (SELECT last_value - (NOT is_called)::int FROM "
          "outbox.event_id_seq), "
          "outbox.highest_known_id(), extract(epoch FROM i.bucket_period)::bigint, i.rewound_at IS "
          "NOT NULL FROM "
          "outbox.installation i",
          kHighestIdLimit);
  if (rows.empty()) {
    throw DatabaseFault("outbox.installation is empty; run 'postrider migrate'", "installation", "",
                        false, false);
  }
  InstallationRecord record;
  record.name = rows.Text(0, 0);
  record.schema_version = static_cast<int>(ReadInt(rows, 0, 1));
  record.moved = rows.Text(0, 2) == "t";
  record.sequence_cache = ReadInt(rows, 0, 3);
  record.last_value = ReadInt(rows, 0, 4);
  record.highest_known = ReadInt(rows, 0, 5);
  record.bucket_period = seconds(ReadInt(rows, 0, 6));
  record.rewound = rows.Text(0, 7) == "t" || record.last_value < record.highest_known;
  return record;
}

void PostgresRoster::NoteRewound() {
  Run("installation",
      "UPDATE outbox.installation SET rewound_at = "
      "clock_timestamp() WHERE rewound_at IS NULL");
}

std::vector<std::string> PostgresRoster::Register(
    const std::vector<DestinationSettings>& destinations, const std::string& relay_name) {
  std::vector<std::string> foreign;
  ArrayLiteral names;
  for (const DestinationSettings& destination : destinations) {
    names.AddText(destination.name);
    ArrayLiteral topics;
    for (const std::string& topic : destination.topics) topics.AddText(topic);
    const Rows rows =
        Run("register", "SELECT is_current FROM outbox.register_destination(" +
                            Quote(destination.name) + ", " + topics.As("text") + ", " +
                            std::to_string(destination.shards) + ", " +
                            (destination.start == StartAt::kBeginning ? "true" : "false") + ", " +
                            Quote(relay_name) + ")");
    if (rows.Text(0, 0) != "t") {
      foreign.push_back(destination.name);
      continue;
    }
    Run("register", "SELECT outbox.note_order(" + Quote(destination.name) + ", " +
                        (destination.order.by == Order::kKey ? "true" : "false") + ")");
  }
  Run("register",
      "SELECT outbox.retire_destinations(" + Quote(relay_name) + ", " + names.As("text") + ")");
  return foreign;
}

std::vector<RegisteredDestination> PostgresRoster::ReadDestinations() {
  const Rows rows =
      Run("register",
          "SELECT d.id, d.name, d.version, s.shards, s.topics, s.since, d.paused_at IS NOT NULL "
          "AND coalesce(d.paused_until > clock_timestamp(), true), d.retired_at IS NOT NULL FROM "
          "outbox.destination d JOIN outbox.subscription s ON s.destination_id = d.id AND "
          "s.version = d.version ORDER BY d.id");
  std::vector<RegisteredDestination> destinations;
  for (int row = 0; row < rows.size(); ++row) {
    RegisteredDestination destination;
    Subscription& subscription = destination.subscription;
    subscription.destination = static_cast<DestinationId>(ReadInt(rows, row, 0));
    subscription.name = rows.Text(row, 1);
    subscription.version = static_cast<int>(ReadInt(rows, row, 2));
    subscription.shards = static_cast<int>(ReadInt(rows, row, 3));
    const auto patterns = ReadTextArray(rows.Text(row, 4));
    const auto since = ReadTextArray(rows.Text(row, 5));
    for (std::size_t i = 0; i < patterns.size(); ++i) {
      subscription.topics.push_back({patterns[i], std::stoll(since.at(i))});
    }
    destination.paused = rows.Text(row, 6) == "t";
    destination.retired = rows.Text(row, 7) == "t";
    destinations.push_back(std::move(destination));
  }
  return destinations;
}

void PostgresRoster::Enroll(const Incarnation& incarnation) {
  Run("lease",
      "INSERT INTO outbox.relay (id, name, version, host, pid, pid_start, "
      "lease) VALUES (" +
          Uuid(incarnation.id) + ", " + Quote(incarnation.name) + ", " +
          Quote(incarnation.version) + ", " + Quote(incarnation.host) + ", " +
          std::to_string(incarnation.pid) + ", " + std::to_string(incarnation.pid_start) +
          ", make_interval(secs => " + std::to_string(incarnation.lease.count()) + "))");
}

std::vector<Neighbour> PostgresRoster::ReadNeighbours(const Incarnation& incarnation) {
  const Rows rows =
      Run("lease", "SELECT id, pid, pid_start FROM outbox.relay WHERE host = " +
                       Quote(incarnation.host) + " AND id <> " + Uuid(incarnation.id));
  std::vector<Neighbour> neighbours;
  for (int row = 0; row < rows.size(); ++row) {
    neighbours.push_back({std::string(rows.Text(row, 0)), static_cast<int>(ReadInt(rows, row, 1)),
                          ReadInt(rows, row, 2)});
  }
  return neighbours;
}

void PostgresRoster::Bury(const std::vector<std::string>& ids) {
  if (ids.empty()) return;
  ArrayLiteral array;
  for (const std::string& id : ids) array.AddText(id);
  Run("lease", "DELETE FROM outbox.relay WHERE id = ANY (" + array.As("uuid") + ")");
}

bool PostgresRoster::Renew(const Incarnation& incarnation) {
  const Rows rows = Run(
      "lease", "UPDATE outbox.relay SET heartbeat = clock_timestamp() WHERE id = " +
                   Uuid(incarnation.id) + " AND heartbeat > clock_timestamp() - lease RETURNING 1");
  return !rows.empty();
}

std::map<LaneId, std::int64_t> PostgresRoster::TakeLanes(const Incarnation& incarnation,
                                                         const std::vector<LaneId>& lanes) {
  std::map<LaneId, std::int64_t> taken;
  if (lanes.empty()) return taken;
  // The candidates are fixed first and compared again when the row is locked: a lane that another
  // relay takes in between has a new epoch.
  const Rows rows =
      Run("lease",
          "DELETE FROM outbox.relay WHERE heartbeat < clock_timestamp() - lease; WITH free AS "
          "MATERIALIZED (SELECT f.destination_id, f.shard, f.owner, f.epoch FROM outbox.fence f "
          "LEFT JOIN outbox.relay r ON r.id = f.owner WHERE r.id IS NULL AND (f.destination_id, "
          "f.shard) IN (" +
              LaneList(lanes) +
              ") ORDER BY 1, 2) UPDATE outbox.fence f SET owner = " + Uuid(incarnation.id) +
              ", epoch = f.epoch + 1 FROM free WHERE f.destination_id = free.destination_id AND "
              "f.shard = free.shard AND f.epoch = free.epoch AND f.owner IS NOT DISTINCT FROM "
              "free.owner AND EXISTS (SELECT FROM outbox.relay me WHERE me.id = " +
              Uuid(incarnation.id) + ") RETURNING f.destination_id, f.shard, f.epoch");
  for (int row = 0; row < rows.size(); ++row) {
    taken[{static_cast<DestinationId>(ReadInt(rows, row, 0)),
           static_cast<std::int16_t>(ReadInt(rows, row, 1))}] = ReadInt(rows, row, 2);
  }
  return taken;
}

void PostgresRoster::Release(const Incarnation& incarnation, const std::vector<LaneId>& lanes) {
  if (lanes.empty()) return;
  Run("lease", "UPDATE outbox.fence SET owner = NULL, quiet_epoch = epoch WHERE owner = " +
                   Uuid(incarnation.id) + " AND (destination_id, shard) IN (" + LaneList(lanes) +
                   ")");
}

void PostgresRoster::Leave(const Incarnation& incarnation, bool quiet) {
  Run("lease", std::string("UPDATE outbox.fence SET owner = NULL") +
                   (quiet ? ", quiet_epoch = epoch" : "") +
                   " WHERE owner = " + Uuid(incarnation.id) +
                   "; DELETE FROM outbox.relay WHERE id = " + Uuid(incarnation.id));
}

Xid PostgresRoster::AssignXid() {
  const Rows rows = Run("keeper", "SELECT pg_current_xact_id()");
  return static_cast<Xid>(ReadInt(rows, 0, 0));
}

void PostgresRoster::Save(const Incarnation& incarnation, const std::vector<LaneProgress>& progress,
                          const std::string& canary) {
  if (progress.empty()) return;
  ArrayLiteral destination, shard, epoch, closed, high, xid;
  for (const LaneProgress& lane : progress) {
    destination.Add(std::int64_t{lane.lane.destination});
    shard.Add(std::int64_t{lane.lane.shard});
    epoch.Add(lane.epoch);
    closed.Add(lane.closed_up_to);
    lane.mark ? high.Add(lane.mark->high) : high.AddNull();
    lane.mark ? xid.Add(lane.mark->xid) : xid.AddNull();
  }
  Run("keeper",
      "UPDATE outbox.lane l SET closed_up_to = t.closed, mark_high = t.high, mark_xid "
      "= t.xid, mark_canary = c.id, saved_at = clock_timestamp() FROM unnest(" +
          destination.As("int4") + ", " + shard.As("int2") + ", " + epoch.As("int8") + ", " +
          closed.As("int8") + ", " + high.As("int8") + ", " + xid.As("xid8") +
          ") AS t (destination_id, shard, epoch, closed, high, xid) JOIN outbox.fence f ON "
          "f.destination_id = t.destination_id AND f.shard = t.shard AND f.epoch = t.epoch AND "
          "f.owner = " +
          Uuid(incarnation.id) + ", outbox.canary c WHERE c.id = " + Uuid(canary) +
          " AND l.destination_id = t.destination_id AND l.shard = t.shard");
}

}  // namespace postrider
