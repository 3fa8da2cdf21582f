#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "postrider/engine/lane_port.h"
#include "postrider/engine/tail.h"
#include "postrider/postgres/connection.h"
#include "postrider/postgres/postgres_event_log.h"
#include "postrider/postgres/postgres_roster.h"
#include "support/test_database.h"

namespace postrider::test {

/// The first column of the first row as a number.
std::int64_t Number(Connection& connection, const std::string& sql);

std::vector<EventId> Ids(const std::vector<EventRef>& events);

/// A producer's session.
class Producer {
 public:
  explicit Producer(const std::string& conninfo) : connection_(conninfo) {}

  void Run(const std::string& sql) { connection_.Execute("test", sql); }
  std::int64_t Ask(const std::string& sql) { return Number(connection_, sql); }
  void Begin() { Run("BEGIN"); }
  void Commit() { Run("COMMIT"); }
  void Rollback() { Run("ROLLBACK"); }
  EventId Insert(const std::string& topic = "t");
  /// Inserts `count` events by one statement; returns the ids.
  std::vector<EventId> InsertMany(int count, const std::string& topic = "t");

 private:
  Connection connection_;
};

/// Reads the head of the log as the tail's reader does, without lanes.
class Follower {
 public:
  explicit Follower(EventLog& log) : log_(log), tail_(log.Start()) {}

  /// One poll; the ids that became known.
  std::vector<EventId> Poll(int limit = 500);
  const Tail& tail() const { return tail_; }

 private:
  EventLog& log_;
  Tail tail_;
};

/// A lane's end that remembers what it was told. What it takes counts as settled unless `hold`.
class RecordingPort : public LanePort {
 public:
  LaneRoom Room() const override { return room; }
  void Reset(std::uint64_t era) override {
    reset_era = era;
    taken.clear();
  }
  bool WasReset(std::uint64_t era) const override { return reset_era == era; }
  void SetClosed(EventId high) override { closed = high; }
  void Take(std::vector<EventRef> events, const std::string& canary) override;
  void Recovered(std::uint64_t era) override { recovered_era = era; }
  void Judge(EventId high) override;
  EventId ClosedUpTo() const override { return closed; }
  void SetPendingMark(std::optional<Mark> mark) override { pending = mark; }

  /// All that was judged while it held is settled now.
  void Settle();

  LaneRoom room{1 << 20, 1 << 30};
  bool hold = false;
  std::vector<EventId> taken;
  std::string canary;
  std::vector<EventId> judged;
  EventId closed = 0;
  std::uint64_t reset_era = 0;
  std::uint64_t recovered_era = 0;
  std::optional<Mark> pending;
};

/// A migrated database, a superuser's session and a reader of the log.
class ReadingTest : public testing::Test {
 protected:
  explicit ReadingTest(PostgresServer& server = SharedServer());

  /// A filter that takes `pattern` above `since` for the destination `kDestination`.
  static LaneFilter Filter(const std::string& pattern = "*", EventId since = 0);
  static constexpr DestinationId kDestination = 1;

  /// Rows read from the indexes of outbox.event by `read`, visible or not; -1 when the server
  /// cannot tell (before PostgreSQL 15).
  template <typename Read>
  std::int64_t IndexRowsReadBy(Read read) {
    const std::int64_t before = IndexRowsRead();
    read();
    return before < 0 ? -1 : IndexRowsRead() - before;
  }

  TestDatabase database_;
  Connection admin_;
  Connection session_;
  PostgresEventLog log_;

 private:
  std::int64_t IndexRowsRead();
};

}  // namespace postrider::test
