#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "postrider/engine/event_log.h"
#include "postrider/model/delivery.h"
#include "postrider/postgres/connection.h"
#include "postrider/postgres/postgres_ledger.h"
#include "postrider/postgres/postgres_roster.h"
#include "support/test_database.h"

namespace postrider::test {

/// The first column of the first row; empty when there is no row.
std::string Get(Connection& connection, const std::string& sql);

/// An incarnation with a new id.
Incarnation NewIncarnation(const std::string& name, seconds lease = seconds(15));

/// A migrated database with a destination `d` that takes everything, whose lane belongs to an
/// enrolled relay.
class SettlingTest : public testing::Test {
 protected:
  SettlingTest();

  /// Inserts an event and reads it as the relay does.
  EventRef NewEvent(const std::string& key = "k", const std::string& payload = R"({"n": 1})");

  Settlement Of(const EventRef& event) const;
  Settlement Ended(const EventRef& event, OutcomeState state) const;
  Settlement Delivered(const EventRef& event) const {
    return Ended(event, OutcomeState::kDelivered);
  }
  Settlement Dead(const EventRef& event) const { return Ended(event, OutcomeState::kDead); }
  Settlement Parked(const EventRef& event, WaitingFor waiting_for = WaitingFor::kRetry,
                    seconds due_in = seconds(60)) const;
  Settlement Emitting(Settlement settlement, const std::string& topic) const;

  RecordResult Record(const std::vector<Settlement>& batch) { return Record(ledger_, batch); }
  static RecordResult Record(PostgresLedger& ledger, const std::vector<Settlement>& batch);

  /// Another relay takes the lane; ours does not know.
  void LoseTheLane();

  std::string Ask(const std::string& sql) { return Get(admin_, sql); }
  std::string State(const EventRef& event) {
    return Ask("SELECT state FROM outbox.outcome WHERE event_id = " + std::to_string(event->id()));
  }
  std::string Count(const std::string& from) { return Ask("SELECT count(*) FROM " + from); }

  TestDatabase database_;
  Connection admin_;
  Connection session_;
  PostgresRoster roster_;
  Incarnation relay_;
  PostgresLedger ledger_;
  LaneId lane_;
  std::int64_t epoch_ = 0;
  std::shared_ptr<const std::string> canary_;
  Timestamp now_;
};

}  // namespace postrider::test
