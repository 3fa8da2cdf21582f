#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <thread>

namespace postrider {

/// Ends the waiting for an answer that does not come: shuts the socket down, upon which whoever
/// reads from it is told that the connection has gone, also below TLS. A proxy or a network that
/// swallows everything never says so itself.
///
/// It has a descriptor of its own for the socket: the number of the other one belongs to somebody
/// else as soon as it is closed, which may happen at any time. One thread, which mostly sleeps: a
/// statement wakes it only if it has to be done before the one for which it fell asleep.
class AnswerDeadline {
 public:
  using Clock = std::chrono::steady_clock;

  /// @param socket  connected; stays the caller's. Throws std::system_error without descriptors.
  explicit AnswerDeadline(int socket);
  /// From here on nothing is shut down.
  ~AnswerDeadline();
  AnswerDeadline(const AnswerDeadline&) = delete;
  AnswerDeadline& operator=(const AnswerDeadline&) = delete;

  /// An answer has to be there by then.
  void Begin(Clock::time_point deadline);
  /// It is there, or the connection has gone. Returns false when the socket was shut down.
  bool End();
  /// By then everything has ended, also what begins later. Any thread.
  void Limit(Clock::time_point end);

 private:
  void Watch();
  void WakeBefore(Clock::time_point time);

  const int socket_;
  std::mutex mutex_;
  std::condition_variable wakes_;
  // All guarded by mutex_.
  Clock::time_point deadline_ = Clock::time_point::max();  ///< max: nothing is awaited
  Clock::time_point end_ = Clock::time_point::max();
  Clock::time_point wakes_at_ = Clock::time_point::max();
  bool cut_ = false;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace postrider
