#include "postgres/random/session_cutter.h"

#include <chrono>

#include "postrider/postgres/connection.h"

namespace postrider::test {

void SessionCutter::Work(std::stop_token stop) {
  while (!stop.stop_requested()) {
    try {
      CutWhenSeen(stop);
    } catch (const DatabaseFault&) {
      // The database crashed: a new session.
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
}

void SessionCutter::CutWhenSeen(std::stop_token stop) {
  Connection connection(conninfo_);
  while (!stop.stop_requested()) {
    const bool cut =
        wanted_ &&
        !connection
             .Execute("test",
                      "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE "
                      "state = 'active' AND pid <> pg_backend_pid() AND datname = "
                      "current_database() AND query LIKE '%FROM outbox.fence WHERE (dest%' "
                      "LIMIT 1")
             .empty();
    if (cut) {
      ++cuts_;
      wanted_ = false;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
}

}  // namespace postrider::test
