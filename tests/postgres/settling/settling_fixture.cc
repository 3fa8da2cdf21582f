#include "settling_fixture.h"

#include "postrider/postgres/postgres_event_log.h"

namespace postrider::test {
namespace {

constexpr milliseconds kTimeout{3000};

DestinationSettings Destination(const std::string& name) {
  DestinationSettings settings;
  settings.name = name;
  settings.topics = {"*"};
  settings.start = StartAt::kBeginning;
  return settings;
}

}  // namespace

std::string Get(Connection& connection, const std::string& sql) {
  const Rows rows = connection.Execute("test", sql);
  return rows.empty() ? "" : std::string(rows.Text(0, 0));
}

Incarnation NewIncarnation(const std::string& name, seconds lease) {
  static int count = 0;
  Incarnation incarnation;
  char id[40];
  std::snprintf(id, sizeof id, "00000000-0000-4000-8000-%012d", ++count);
  incarnation.id = id;
  incarnation.name = name;
  incarnation.version = "1.0.0";
  incarnation.host = "here";
  incarnation.pid = 1000 + count;
  incarnation.lease = lease;
  return incarnation;
}

SettlingTest::SettlingTest()
    : admin_(database_.Conninfo()),
      session_(database_.Conninfo()),
      roster_(admin_, kTimeout),
      relay_(NewIncarnation("ours")),
      ledger_(session_, relay_.id, kTimeout) {
  PostgresEventLog log(session_);
  log.EnsureCanary();
  const LogHead head = log.Start().head;
  canary_ = std::make_shared<const std::string>(head.canary);
  now_ = head.now;
  roster_.Register({Destination("d")}, relay_.name);
  lane_ = {roster_.ReadDestinations().at(0).subscription.destination, 0};
  roster_.Enroll(relay_);
  epoch_ = roster_.TakeLanes(relay_, {lane_}).at(lane_);
}

EventRef SettlingTest::NewEvent(const std::string& key, const std::string& payload) {
  StepRequest request;
  request.filter.lane = lane_;
  request.filter.subscription.destination = lane_.destination;
  request.filter.subscription.topics = {{"*", 0}};
  request.up_to =
      std::stoll(Ask("INSERT INTO outbox.event (topic, key, payload) VALUES ('t', " +
                     admin_.Quote(key) + ", " + admin_.Quote(payload) + ") RETURNING id"));
  request.after = request.up_to - 1;
  PostgresEventLog log(session_);
  request.target = log.Start().head.snapshot;
  return log.ReadStep(request).events.at(0);
}

Settlement SettlingTest::Of(const EventRef& event) const {
  Settlement settlement;
  settlement.lane = lane_;
  settlement.epoch = epoch_;
  settlement.event = event;
  settlement.canary = canary_;
  return settlement;
}

Settlement SettlingTest::Ended(const EventRef& event, OutcomeState state) const {
  Settlement settlement = Of(event);
  Outcome outcome;
  outcome.state = state;
  outcome.attempts = 1;
  outcome.http_status = state == OutcomeState::kDelivered ? 200 : 422;
  outcome.finished_at = now_;
  if (state == OutcomeState::kDead) outcome.reason = DeadReason::kRefused;
  settlement.outcome = outcome;
  return settlement;
}

Settlement SettlingTest::Parked(const EventRef& event, WaitingFor waiting_for,
                                seconds due_in) const {
  Settlement settlement = Of(event);
  BacklogEntry entry;
  entry.waiting_for = waiting_for;
  entry.due_at = waiting_for == WaitingFor::kPredecessor ? kNever : now_ + due_in;
  entry.attempts = 1;
  entry.first_attempt_at = now_;
  settlement.backlog = entry;
  return settlement;
}

Settlement SettlingTest::Emitting(Settlement settlement, const std::string& topic) const {
  settlement.emitted = Emitted{topic, R"({"from": "d"})"};
  return settlement;
}

RecordResult SettlingTest::Record(PostgresLedger& ledger, const std::vector<Settlement>& batch) {
  std::vector<const Settlement*> pointers;
  for (const Settlement& settlement : batch) pointers.push_back(&settlement);
  return ledger.Record(pointers);
}

void SettlingTest::LoseTheLane() {
  admin_.Execute("test",
                 "UPDATE outbox.fence SET owner = gen_random_uuid(), epoch = epoch + 1 WHERE "
                 "destination_id = " +
                     std::to_string(lane_.destination));
}

}  // namespace postrider::test
