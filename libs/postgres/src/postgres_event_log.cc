#include "postrider/postgres/postgres_event_log.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <utility>
#include <vector>

#include "bucket_extents.h"
#include "event_rows.h"
#include "lane_filter_sql.h"
#include "sql_text.h"

namespace postrider {
namespace {

using sql_text::Quote;
using sql_text::QuoteXid;

constexpr int kHead = 0;
constexpr int kLate = 1;
/// Ids; for a shorter range it does not pay to look up in which bucket it lies.
constexpr EventId kWorthALook = 1000;

/// What tells whether anything can have changed, without a table and without settings, of which
/// each costs as much as the rest. In the cheapest form: this is asked twenty times a second.
constexpr char kGlance[] =
    "SELECT pg_current_snapshot(), date_part('epoch', pg_postmaster_start_time()), "
    "pg_is_in_recovery(), date_part('epoch', clock_timestamp())";

/// One row with what every poll must know, in the shape of an event row. The table is named before
/// its sequence, which locks it first, as TRUNCATE ... RESTART IDENTITY does: otherwise the two can
/// deadlock.
std::string HeadSql(const std::string& max_id) {
  return "SELECT coalesce((SELECT 1 FROM ONLY outbox.event WHERE false), 0) AS kind, "
         "(SELECT last_value - (NOT is_called)::int FROM outbox.event_id_seq) "
         "AS id, NULL::xid8, NULL::int2, clock_timestamp(), pg_current_snapshot()::text, "
         "(SELECT id::text FROM outbox.canary), "
         "date_part('epoch', pg_postmaster_start_time())::text, NULL::text, 0, "
         "pg_is_in_recovery(), NULL::text, NULL::text, " +
         max_id + ", NULL::timestamptz, NULL::timestamptz, 0, NULL::int";
}

/// Seconds, with a fraction.
Timestamp FromEpoch(std::string_view text) {
  double seconds = 0;
  std::from_chars(text.data(), text.data() + text.size(), seconds);
  return Timestamp(microseconds(std::llround(seconds * 1e6)));
}

[[noreturn]] void RefuseStandby() {
  throw DatabaseFault("the server is a standby; its snapshots cannot be relied on", "poll", "",
                      true, false);
}

LogHead ReadHead(const Rows& rows) {
  LogHead head;
  head.last_value = ReadInt(rows, 0, 1);
  head.now = sql_text::ParseTimestamp(rows.Text(0, 4));
  head.snapshot = Snapshot::FromText(rows.Text(0, 5));
  head.canary = rows.Text(0, 6);
  head.started_at = rows.Text(0, 7);
  head.in_recovery = rows.Text(0, 10) == "t";
  if (head.in_recovery) RefuseStandby();
  return head;
}

/// Xids that were in progress in one snapshot and finished in another, as array literal.
std::string FinishedBetween(const Snapshot& from, const Snapshot& to) {
  sql_text::ArrayLiteral xids;
  for (const Xid xid : from.in_progress) {
    if (to.Finished(xid)) xids.Add(xid);
  }
  return xids.As("xid8");
}

/// Rows at or below the position that were not visible in it and are in the target. `id+0` keeps
/// the planner away from the primary key; UNION ALL, because one OR would be a scan of everything.
std::string LateSql(const StepRequest& request, const std::string& columns,
                    const std::string& conditions) {
  const Snapshot& seen = request.from.snapshot;
  const std::string rows = "SELECT e.* FROM outbox.event e WHERE e.xid ";
  const std::string range = " AND e.id + 0 <= " + std::to_string(request.from.high) +
                            " AND e.id + 0 > " + std::to_string(request.after) + conditions;
  return "SELECT " + columns + " FROM (" + rows + "= ANY (" +
         FinishedBetween(seen, request.target) + ")" + range + " UNION ALL " + rows +
         ">= " + QuoteXid(seen.xmax) + " AND e.xid < " + QuoteXid(request.target.xmax) + range +
         ") e ORDER BY e.id LIMIT " + std::to_string(request.limit + 1);
}

/// Whether the probe of a row finds nothing. Where the range of the page has no rows of the lane at
/// all, as a rule, this is known from a single look. One probe of an index for each row otherwise,
/// as correlated subqueries: an anti-join is planned from statistics, which may be empty or old.
std::string AbsentSql(const StepRequest& request, const std::string& table,
                      const std::string& column, const std::string& more) {
  const std::string lane = "x.destination_id = " + std::to_string(request.filter.lane.destination);
  const std::string from = " FROM outbox." + table + " x WHERE ";
  return " AND CASE WHEN (SELECT EXISTS (SELECT" + from + "x.event_id > " +
         std::to_string(request.after) + " AND x.event_id <= " + std::to_string(request.up_to) +
         " AND " + lane + ")) THEN (SELECT x." + column + from + "x.event_id = e.id AND " + lane +
         more + ") IS NULL ELSE true END";
}

/// Without what is settled or in the backlog. An outcome is in the bucket of its event.
std::string UnsettledSql(const StepRequest& request, const std::string& bucket) {
  return AbsentSql(request, "outcome" + bucket, "state", " AND x.bucket = e.bucket") +
         AbsentSql(request, "backlog", "run", "");
}

/// @param only  the bucket in which all of it lies, if it is known
std::string StepSql(const StepRequest& request, std::optional<int> only) {
  const std::string bucket = only ? "_" + std::to_string(*only) : "";
  const std::string columns = EventColumns("e", kInlineBody, "e.destination_id");
  std::string conditions = " AND pg_visible_in_snapshot(e.xid, " + Quote(request.target) +
                           ") AND " + LaneFilterSql(request.filter);
  if (request.unsettled) conditions += UnsettledSql(request, bucket);
  if (request.late) return LateSql(request, columns, conditions);
  return "SELECT " + columns + " FROM outbox.event" + bucket + " e WHERE e.id > " +
         std::to_string(request.after) + " AND e.id <= " + std::to_string(request.up_to) +
         conditions + " ORDER BY e.id LIMIT " + std::to_string(request.limit + 1);
}

}  // namespace

/// What was visible in `target` lies in these.
struct PostgresEventLog::KnownExtents {
  Snapshot target;
  BucketExtents extents;
};

PostgresEventLog::PostgresEventLog(Connection& connection, milliseconds limit)
    : connection_(connection), limit_(limit) {}

PostgresEventLog::~PostgresEventLog() = default;

/// Runs a statement that begins with the head. A standby refuses to read the canary, an unlogged
/// table, before the statement can say where it runs.
Rows PostgresEventLog::ExecutePoll(const std::string& sql) {
  constexpr std::string_view kNotSupported = "0A000";
  try {
    return connection_.Execute("poll", sql, limit_);
  } catch (const DatabaseFault& fault) {
    if (fault.sqlstate() != kNotSupported) throw;
    if (connection_.Execute("poll", "SELECT pg_is_in_recovery()", limit_).Text(0, 0) == "t") {
      RefuseStandby();
    }
    throw;
  }
}

Rows PostgresEventLog::Read(const std::string& sql) {
  return connection_.Execute("catch_up", sql_text::ReadSettings() + sql, limit_);
}

TailStart PostgresEventLog::Start() {
  const Rows rows = ExecutePoll(sql_text::ReadSettings() +
                                HeadSql("coalesce((SELECT e.id FROM outbox.event e ORDER BY e.id "
                                        "DESC LIMIT 1), 0)"));
  TailStart start;
  start.head = ReadHead(rows);
  start.max_visible_id = ReadInt(rows, 0, 13);
  return start;
}

TailPage PostgresEventLog::Poll(const TailRequest& request) {
  if (quiet_ && ReadAlready(request, head_.snapshot)) {
    TailPage page;
    if (auto head = UnchangedHead()) {
      page.head = std::move(*head);
      return page;
    }
  }
  TailPage page = ReadTail(request);
  head_ = page.head;
  // Where others commit all the time, asking for the snapshot first would be asking twice.
  quiet_ = page.head.snapshot == request.from.snapshot;
  read_.reset();
  if (!request.late_target && !page.more_late && !page.more_fresh) {
    read_ = Position{request.from.high, page.head.snapshot};
  }
  return page;
}

/// The sequence may have given out ids since; whoever has them has not committed.
std::optional<LogHead> PostgresEventLog::UnchangedHead() {
  const Rows rows = connection_.Glance("poll", kGlance, limit_);
  if (Snapshot::FromText(rows.Text(0, 0)) != head_.snapshot ||
      rows.Text(0, 1) != head_.started_at || rows.Text(0, 2) == "t") {
    return std::nullopt;
  }
  LogHead head = head_;
  head.now = FromEpoch(rows.Text(0, 3));
  return head;
}

/// The late rows of a position are none in its own snapshot.
bool PostgresEventLog::ReadAlready(const TailRequest& request, const Snapshot& snapshot) const {
  return read_ && !request.late_target && read_->snapshot == snapshot &&
         request.from.snapshot == snapshot && request.from.high >= read_->high;
}

TailPage PostgresEventLog::ReadTail(const TailRequest& request) {
  const std::string target = request.late_target ? Quote(*request.late_target) : "NULL";
  const std::string sql =
      sql_text::ReadSettings() + HeadSql("NULL::int8") + " UNION ALL (SELECT e.kind, " +
      EventColumns("e", kInlineBody, "e.destination_id") + " FROM outbox.read_tail(" +
      std::to_string(request.from.high) + ", " + Quote(request.from.snapshot) + ", " + target +
      ", " + std::to_string(request.late_after) + ", " + std::to_string(request.limit) + ") e)";
  const Rows rows = ExecutePoll(sql);
  TailPage page;
  page.head = ReadHead(rows);
  const auto limit = static_cast<std::size_t>(request.limit);
  for (int row = 1; row < rows.size(); ++row) {
    const bool late = ReadInt(rows, row, 0) == kLate;
    if (late && page.late.size() == limit) {
      page.more_late = true;
      break;
    }
    (late ? page.late : page.fresh).push_back(ReadEvent(rows, row, 1));
  }
  page.more_fresh = page.fresh.size() == limit;
  if (page.more_late) page.fresh.clear();
  return page;
}

/// The bucket in which all rows of the request are. The snapshot in which this is looked up is
/// later than the target, so every row that is visible in the target is in what is found, or gone.
/// Late rows may be anywhere below, and are few.
std::optional<int> PostgresEventLog::BucketOf(const StepRequest& request) {
  if (request.late || request.up_to - request.after < kWorthALook) return std::nullopt;
  if (!extents_ || extents_->target != request.target) {
    extents_ = std::make_unique<KnownExtents>(
        KnownExtents{request.target, BucketExtents(Read(BucketExtents::Sql()))});
  }
  return extents_->extents.Only(request.after, request.up_to);
}

void PostgresEventLog::ForgetHistory() { extents_.reset(); }

StepPage PostgresEventLog::ReadStep(const StepRequest& request) {
  const Rows rows = Read(StepSql(request, BucketOf(request)));
  StepPage page;
  page.full = rows.size() > request.limit;
  for (int row = 0; row < std::min(rows.size(), request.limit); ++row) {
    page.events.push_back(ReadEvent(rows, row, 0));
  }
  return page;
}

std::optional<EventId> PostgresEventLog::NextId(EventId after) {
  const Rows rows =
      Read("SELECT min(e.id) FROM outbox.event e WHERE e.id > " + std::to_string(after));
  return ReadOptionalInt(rows, 0, 0);
}

SavedLane PostgresEventLog::ReadLane(LaneId lane) {
  const Rows rows = Read(
      "SELECT l.closed_up_to, CASE WHEN l.mark_canary = (SELECT id FROM outbox.canary) THEN "
      "l.mark_high END, l.mark_xid FROM outbox.lane l WHERE l.destination_id = " +
      std::to_string(lane.destination) + " AND l.shard = " + std::to_string(lane.shard));
  if (rows.empty()) {
    throw DatabaseFault("outbox.lane has no row for destination " +
                            std::to_string(lane.destination) + ", shard " +
                            std::to_string(lane.shard),
                        "catch_up", "", false, false);
  }
  SavedLane saved;
  saved.closed_up_to = ReadInt(rows, 0, 0);
  if (!rows.IsNull(0, 1)) {
    saved.mark = Mark{ReadInt(rows, 0, 1), static_cast<Xid>(ReadInt(rows, 0, 2))};
  }
  return saved;
}

void PostgresEventLog::EnsureCanary() {
  connection_.Execute("canary",
                      "INSERT INTO outbox.canary (id) VALUES (gen_random_uuid()) "
                      "ON CONFLICT DO NOTHING",
                      limit_);
}

}  // namespace postrider
