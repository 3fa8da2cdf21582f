#include "faults/traffic.h"

#include <utility>

#include "faults/waiting.h"
#include "postrider/postgres/fault.h"

namespace postrider::test {
namespace {

constexpr int kMostRows = 30;      // of a transaction
constexpr int kRollbackOneIn = 8;  // of the transactions that commit last
constexpr milliseconds kPause{50};

}  // namespace

Traffic::Traffic(std::string conninfo, const Plan& plan)
    : conninfo_(std::move(conninfo)),
      plan_(plan),
      random_(plan.seed),
      thread_([this](std::stop_token stop) { Work(stop); }) {}

void Traffic::Stop() {
  thread_.request_stop();
  if (thread_.joinable()) thread_.join();
}

void Traffic::Work(std::stop_token stop) {
  std::unique_ptr<Sessions> sessions;
  int inserted = 0;
  while (inserted < plan_.events && !stop.stop_requested()) {
    try {
      if (sessions == nullptr) sessions = std::make_unique<Sessions>(conninfo_);
      const int rows = Round(*sessions);
      inserted += rows;
      LetPass(milliseconds(1000 * rows / plan_.per_second));
    } catch (const DatabaseFault&) {
      sessions.reset();
      ++faults_;
      LetPass(kPause);
    }
  }
  done_.store(true);
}

int Traffic::Round(Sessions& sessions) {
  const int early = static_cast<int>(random_() % kMostRows) + 1;
  const int late = static_cast<int>(random_() % kMostRows) + 1;
  const bool rolls_back = random_() % kRollbackOneIn == 0;
  sessions.early.Execute("traffic", "BEGIN");
  Insert(sessions.early, "early", early);
  sessions.late.Execute("traffic", "BEGIN");
  Insert(sessions.late, "late", late);
  sessions.late.Execute("traffic", "COMMIT");
  sessions.early.Execute("traffic", rolls_back ? "ROLLBACK" : "COMMIT");
  if (rolls_back) withdrawn_ += early;
  return late + (rolls_back ? 0 : early);
}

void Traffic::Insert(Connection& session, const std::string& prefix, int rows) {
  const auto first = static_cast<unsigned>(random_());
  session.Execute(
      "traffic",
      "INSERT INTO outbox.event (topic, key, payload) SELECT 'shipment.requested', '" + prefix +
          "-' || (" + std::to_string(first) + " + n * 7) % " + std::to_string(plan_.keys) +
          ", '{\"n\": ' || n || '}' FROM generate_series(1, " + std::to_string(rows) + ") AS n");
}

}  // namespace postrider::test
