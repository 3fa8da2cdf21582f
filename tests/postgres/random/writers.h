#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "postrider/postgres/connection.h"

namespace postrider::test {

/// Producers that do everything the contract allows: one row, many rows, INSERT .. SELECT, COPY,
/// savepoints, long transactions, bulk loads, rollbacks, two-phase commit decided later. They
/// survive crashes of the database.
class Writers {
 public:
  struct Options {
    std::string conninfo;
    std::uint64_t seed = 0;
    std::int64_t events = 0;  ///< to commit, at least
    int threads = 4;
    /// Writers wait while this is true: readers shall stay near the head.
    std::function<bool(std::int64_t committed)> too_far_ahead;
  };

  explicit Writers(Options options);
  ~Writers();

  /// All has been written and every prepared transaction decided.
  bool done() const { return working_ == 0; }
  std::int64_t committed() const { return committed_; }
  /// Stops early and joins.
  void Stop();

 private:
  class Session;

  void Write(std::uint64_t seed);
  void DecidePrepared(Session& session, bool all);
  void DecideLeftovers();

  const Options options_;
  std::atomic<std::int64_t> committed_ = 0;
  std::atomic<int> working_ = 0;
  std::atomic<int> writing_ = 0;
  std::atomic<bool> stop_ = false;
  std::mutex mutex_;
  struct Prepared {
    std::string name;
    std::int64_t rows = 0;
  };
  std::deque<Prepared> prepared_;
  std::vector<std::thread> threads_;
};

}  // namespace postrider::test
