#include "reading_fixture.h"

namespace postrider::test {

std::int64_t Number(Connection& connection, const std::string& sql) {
  return std::stoll(std::string(connection.Execute("test", sql).Text(0, 0)));
}

std::vector<EventId> Ids(const std::vector<EventRef>& events) {
  std::vector<EventId> ids;
  for (const EventRef& event : events) ids.push_back(event->id());
  return ids;
}

EventId Producer::Insert(const std::string& topic) {
  return Number(connection_,
                "INSERT INTO outbox.event (topic) VALUES ('" + topic + "') RETURNING id");
}

std::vector<EventId> Producer::InsertMany(int count, const std::string& topic) {
  const Rows rows = connection_.Execute("test", "INSERT INTO outbox.event (topic) SELECT '" +
                                                    topic + "' FROM generate_series(1, " +
                                                    std::to_string(count) + ") RETURNING id");
  std::vector<EventId> ids;
  for (int row = 0; row < rows.size(); ++row) {
    ids.push_back(std::stoll(std::string(rows.Text(row, 0))));
  }
  return ids;
}

std::vector<EventId> Follower::Poll(int limit) {
  const TailRequest request = tail_.NextRequest(limit);
  return Ids(tail_.Absorb(request, log_.Poll(request)));
}

void RecordingPort::Take(std::vector<EventRef> events, const std::string& read_under) {
  canary = read_under;
  for (const EventId id : Ids(events)) taken.push_back(id);
}

void RecordingPort::Judge(EventId high) {
  judged.push_back(high);
  if (!hold) closed = high;
}

void RecordingPort::Settle() {
  if (!judged.empty()) closed = judged.back();
}

ReadingTest::ReadingTest(PostgresServer& server)
    : database_(server),
      admin_(database_.Conninfo()),
      session_(database_.Conninfo()),
      log_(session_) {
  log_.EnsureCanary();
  admin_.Execute("test",
                 "INSERT INTO outbox.lane (destination_id, shard, closed_up_to) VALUES (1, 0, 0)");
}

LaneFilter ReadingTest::Filter(const std::string& pattern, EventId since) {
  LaneFilter filter;
  filter.lane = {kDestination, 0};
  filter.subscription.destination = kDestination;
  filter.subscription.topics = {{pattern, since}};
  return filter;
}

std::int64_t ReadingTest::IndexRowsRead() {
  if (session_.server_version() < 150000) return -1;
  session_.Execute("test", "SELECT pg_stat_force_next_flush()");
  return Number(admin_,
                "SELECT coalesce(sum(idx_tup_read), 0)::bigint FROM pg_stat_user_indexes "
                "WHERE schemaname = 'outbox' AND relname LIKE 'event\\_%'");
}

}  // namespace postrider::test
