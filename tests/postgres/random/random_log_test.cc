#include <gtest/gtest.h>

#include <chrono>
#include <cstdlib>
#include <iostream>
#include <utility>

#include "postgres/random/session_cutter.h"
#include "postgres/random/small_relay.h"
#include "postgres/random/writers.h"
#include "support/test_database.h"

namespace postrider::test {
namespace {

using std::chrono::steady_clock;

std::uint64_t FromEnvironment(const char* name, std::uint64_t otherwise) {
  const char* text = std::getenv(name);
  return text == nullptr ? otherwise : std::stoull(text);
}

PostgresServer::Options ServerOptions() {
  // Little to redo after a crash.
  return {{"max_wal_size = 256MB", "checkpoint_timeout = 30s", "log_min_messages = error"}, false};
}

/// Random producers against a small relay; both the relay and the database crash.
class RandomLogTest : public testing::Test {
 protected:
  static constexpr std::int64_t kMaxLag = 60'000;
  static constexpr std::chrono::seconds kPatience{60};
  static constexpr std::chrono::milliseconds kPollInterval{5};

  RandomLogTest() : server_(ServerOptions()), database_(server_), random_(seed_) {
    std::cout << "POSTRIDER_SEED=" << seed_ << " POSTRIDER_EVENTS=" << events_ << std::endl;
  }

  std::int64_t Between(std::int64_t low, std::int64_t high) {
    return std::uniform_int_distribution<std::int64_t>(low, high)(random_);
  }

  void StartRelay() {
    Incarnation incarnation;
    char id[40];
    std::snprintf(id, sizeof id, "00000000-0000-4000-8000-%012d", ++relays_);
    incarnation.id = id;
    incarnation.name = "relay";
    incarnation.host = "here";
    incarnation.lease = seconds(600);
    relay_ = std::make_unique<SmallRelay>(database_.Conninfo(), incarnation, oracle_, exercised_);
    incarnation_ = id;
  }

  void CrashRelay() {
    ++exercised_.relay_crashes;
    oracle_.AllowDuplicates(relay_->unsettled());
    std::vector<std::vector<Settlement>> in_flight;
    for (const auto& lane : relay_->lanes()) in_flight.push_back(lane->sent());
    const std::string zombie = incarnation_;
    relay_.reset();
    StartRelay();
    if (Between(1, 2) == 1) RecordLate(zombie, in_flight);
  }

  /// The old process was not quite dead: its answers are recorded after the lanes were taken.
  void RecordLate(const std::string& owner, const std::vector<std::vector<Settlement>>& batches) {
    Connection connection(database_.Conninfo());
    PostgresLedger ledger(connection, owner, milliseconds(60'000));
    for (const auto& settlements : batches) {
      if (settlements.empty()) continue;
      std::vector<const Settlement*> batch;
      for (const Settlement& settlement : settlements) batch.push_back(&settlement);
      EXPECT_EQ(ledger.Record(batch).lost_lanes.size(), 1u);
      ++exercised_.zombie_batches;
    }
  }

  void CrashDatabase() {
    ++exercised_.database_crashes;
    server_.Kill();
    server_.Start();
  }

  void Turn() {
    try {
      relay_->Turn();
    } catch (const DatabaseFault&) {
      relay_->Reconnect();
    }
    taken_ = oracle_.events(kAll);
  }

  /// Something goes wrong now and then, spread over the run.
  void Disturb() {
    if (oracle_.events() > next_relay_crash_) {
      next_relay_crash_ += Between(events_ / 16, events_ / 8);
      CrashRelay();
    }
    if (oracle_.events() > next_database_crash_) {
      next_database_crash_ += Between(events_ / 5, events_ / 3);
      CrashDatabase();
    }
    if (oracle_.events() > next_cut_) {
      next_cut_ += Between(events_ / 16, events_ / 8);
      cutter_.CutOne();
    }
    if (Between(1, 25) == 1) {
      const auto& lanes = relay_->lanes();
      lanes[static_cast<std::size_t>(Between(0, std::ssize(lanes) - 1))]->Stall(
          static_cast<int>(Between(10, 80)));
    }
  }

  void RunUntilQuiet(Writers& writers) {
    auto deadline = steady_clock::now() + kPatience;
    std::int64_t known = 0;
    for (int quiet = 0; quiet < 30; quiet = writers.done() && relay_->idle() ? quiet + 1 : 0) {
      if (std::exchange(known, oracle_.events()) != oracle_.events()) {
        deadline = steady_clock::now() + kPatience;
      }
      ASSERT_LT(steady_clock::now(), deadline) << "stands still after " << oracle_.events()
                                               << " deliveries, committed " << writers.committed();
      if (!writers.done()) Disturb();
      Turn();
      if (relay_->idle()) std::this_thread::sleep_for(kPollInterval);
    }
  }

  /// Every delivery that should have been, and nothing else.
  void Compare() {
    Connection connection(database_.Conninfo());
    const Rows rows = connection.Execute(
        "test",
        "SELECT e.id, e.topic LIKE 'b.%', (SELECT count(*) FROM outbox.outcome o WHERE "
        "o.event_id = e.id AND o.bucket = e.bucket) FROM outbox.event e ORDER BY e.id");
    std::int64_t expected = 0;
    std::int64_t lost = 0;
    std::int64_t unsettled = 0;
    for (int row = 0; row < rows.size(); ++row) {
      const EventId id = std::stoll(std::string(rows.Text(row, 0)));
      const bool both = rows.Text(row, 1) == "t";
      lost += oracle_.Received(kAll, id) == 0;
      lost += both && oracle_.Received(kSome, id) == 0;
      unsettled += rows.Text(row, 2) != (both ? "2" : "1");
      expected += both ? 2 : 1;
    }
    EXPECT_EQ(lost, 0);
    EXPECT_EQ(unsettled, 0);
    EXPECT_EQ(oracle_.events() - (expected - lost), 0) << "invented";
    EXPECT_GE(rows.size(), static_cast<int>(events_));
    EXPECT_LE(oracle_.duplicates(), oracle_.allowed_duplicates());
    std::cout << rows.size() << " events, " << expected << " deliveries, " << oracle_.duplicates()
              << " duplicates of " << oracle_.allowed_duplicates() << " allowed\n";
  }

  static constexpr DestinationId kAll = 1;
  static constexpr DestinationId kSome = 2;

  const std::uint64_t seed_ = FromEnvironment("POSTRIDER_SEED", std::random_device{}());
  const std::int64_t events_ =
      static_cast<std::int64_t>(FromEnvironment("POSTRIDER_EVENTS", 1'000'000));
  PostgresServer server_;
  TestDatabase database_;
  std::mt19937_64 random_;
  Oracle oracle_;
  Exercised exercised_;
  std::unique_ptr<SmallRelay> relay_;
  std::string incarnation_;
  SessionCutter cutter_{database_.Conninfo()};
  int relays_ = 0;
  std::atomic<std::int64_t> taken_ = 0;
  std::int64_t next_relay_crash_ = events_ / 16;
  std::int64_t next_database_crash_ = events_ / 5;
  std::int64_t next_cut_ = events_ / 20;
};

TEST_F(RandomLogTest, EveryCommittedEventIsTakenAndNoneInvented) {
  StartRelay();
  const auto began = steady_clock::now();
  Writers writers({database_.Conninfo(), seed_, events_, 4,
                   [this](std::int64_t committed) { return committed > taken_ + kMaxLag; }});
  RunUntilQuiet(writers);
  writers.Stop();
  if (HasFatalFailure()) return;
  exercised_.sessions_cut = cutter_.cuts();
  Compare();
  for (const auto& [what, count] : exercised_.All()) {
    std::cout << what << ": " << count << '\n';
    EXPECT_GT(count, 0) << what << " were not exercised";
  }
  std::cout << std::chrono::duration_cast<seconds>(steady_clock::now() - began).count() << " s\n";
}

}  // namespace
}  // namespace postrider::test
