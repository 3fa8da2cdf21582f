#include "relay/operation_thread.h"

#include <condition_variable>
#include <mutex>

#include "postrider/postgres/postgres_operations.h"

namespace postrider {
namespace {

constexpr milliseconds kLookInterval{1000};
constexpr milliseconds kLongestInterval{5000};
/// Between two batches, so that others get their turn.
constexpr milliseconds kPause{50};

void Wait(const std::stop_token& stop, milliseconds time) {
  std::mutex mutex;
  std::condition_variable_any wakes;
  std::unique_lock lock(mutex);
  wakes.wait_for(lock, stop, time, [] { return false; });
}

}  // namespace

OperationThread::OperationThread(const DatabaseAccess& access, const LaneRegistry& lanes,
                                 const CommitWatch& commits)
    : access_(access),
      lanes_(lanes),
      commits_(commits),
      thread_([this](std::stop_token stop) { Work(stop); }) {}

void OperationThread::Work(std::stop_token stop) {
  // Another relay keeps house mostly: then not even a connection is needed.
  while (!stop.stop_requested() && !KeepsHouse()) Wait(stop, kLookInterval);
  Session session(access_, "operations");
  session.Run(stop, [&](Connection& connection) {
    PostgresOperations operations(connection);
    Lookout lookout(commits_, kLongestInterval);
    while (!stop.stop_requested()) {
      bool worked = false;
      if (KeepsHouse() && lookout.Due()) {
        worked = operations.MakeBatch();
        if (!worked) lookout.Looked();
      }
      Wait(stop, worked ? kPause : kLookInterval);
    }
  });
}

}  // namespace postrider
