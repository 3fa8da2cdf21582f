#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <random>
#include <stop_token>
#include <string>
#include <thread>

#include "postrider/postgres/connection.h"

namespace postrider::test {

/// A shop at work: a thread that inserts events at a pace, in pairs of transactions that overlap,
/// so that lower ids commit later; some roll back. The keys of the two sessions differ, so ids are
/// the order of a key. Whatever the database does, it goes on until so many events are inserted.
class Traffic {
 public:
  struct Plan {
    int events = 20'000;
    int per_second = 1500;  ///< about
    int keys = 100;         ///< of each session
    std::uint32_t seed = 1;
  };

  Traffic(std::string conninfo, const Plan& plan);

  /// Nothing more is inserted.
  bool done() const { return done_.load(); }
  /// Rows of transactions that were rolled back, or whose end was cut off.
  int withdrawn() const { return withdrawn_.load(); }
  /// Sessions that were lost.
  int faults() const { return faults_.load(); }
  /// Ends it early; returns when it has ended.
  void Stop();

 private:
  struct Sessions {
    explicit Sessions(const std::string& conninfo) : early(conninfo), late(conninfo) {}
    Connection early;  ///< begins first and commits last
    Connection late;
  };

  void Work(std::stop_token stop);
  /// Returns how many rows it has committed.
  int Round(Sessions& sessions);
  void Insert(Connection& session, const std::string& prefix, int rows);

  const std::string conninfo_;
  const Plan plan_;
  std::mt19937 random_;
  std::atomic<bool> done_{false};
  std::atomic<int> withdrawn_{0};
  std::atomic<int> faults_{0};
  std::jthread thread_;
};

}  // namespace postrider::test
