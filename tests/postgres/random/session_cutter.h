#pragma once

#include <atomic>
#include <stop_token>
#include <string>
#include <thread>

namespace postrider::test {

/// Ends the session of a recorder in the middle of a batch, from a thread of its own.
class SessionCutter {
 public:
  explicit SessionCutter(std::string conninfo)
      : conninfo_(std::move(conninfo)), thread_([this](std::stop_token stop) { Work(stop); }) {}

  /// Cuts the next batch that is seen under way.
  void CutOne() { wanted_ = true; }
  int cuts() const { return cuts_; }

 private:
  void Work(std::stop_token stop);
  void CutWhenSeen(std::stop_token stop);

  const std::string conninfo_;
  std::atomic<bool> wanted_ = false;
  std::atomic<int> cuts_ = 0;
  std::jthread thread_;
};

}  // namespace postrider::test
