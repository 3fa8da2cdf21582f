#include "relay/lease_thread.h"

#include <algorithm>
#include <condition_variable>
#include <ctime>
#include <mutex>

#include "postrider/postgres/postgres_roster.h"

namespace postrider {

std::chrono::nanoseconds LeaseThread::BootTime() {
  timespec time{};
  clock_gettime(CLOCK_BOOTTIME, &time);
  return std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec);
}

LeaseThread::LeaseThread(const DatabaseAccess& access, const Incarnation& incarnation,
                         std::chrono::nanoseconds began)
    : access_(access),
      incarnation_(incarnation),
      renewed_(began.count()),
      thread_([this](std::stop_token stop) { Work(stop); }) {}

void LeaseThread::Stop() {
  thread_.request_stop();
  if (thread_.joinable()) thread_.join();
}

bool LeaseThread::MaySend() const {
  const auto since = BootTime() - std::chrono::nanoseconds(renewed_.load());
  return !lost_.load() && since < incarnation_.lease * 2 / 3;
}

void LeaseThread::Work(std::stop_token stop) {
  const auto interval = std::chrono::duration_cast<milliseconds>(incarnation_.lease) / 3;
  // Each heartbeat needs a new connection where the server ends idle sessions sooner.
  Session session(access_, "lease", std::min(Session::kLongestWait, interval / 2));
  session.Run(stop, [&](Connection& connection) {
    PostgresRoster roster(connection, milliseconds(incarnation_.lease) / 4);
    std::mutex mutex;
    std::condition_variable_any wakes;
    while (!stop.stop_requested()) {
      const auto began = BootTime();
      if (!roster.Renew(incarnation_)) {
        lost_.store(true);
        access_.metrics.relay().CountLeaseLoss();
        access_.log.Error("lease_lost",
                          "The lease ran out before it could be renewed; starting anew under a new "
                          "id. Check the database's load and this machine's clock.",
                          {{"relay", incarnation_.id}});
        return;
      }
      renewed_.store(began.count());
      std::unique_lock lock(mutex);
      wakes.wait_for(lock, stop, interval, [] { return false; });
    }
  });
}

}  // namespace postrider
