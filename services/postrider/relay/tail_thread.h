#pragma once

#include <atomic>
#include <stop_token>
#include <string>
#include <thread>

#include "postrider/engine/tail_reader.h"
#include "relay/database_clock.h"
#include "relay/exchange.h"
#include "relay/patience.h"
#include "relay/session.h"

namespace postrider {

/// The reader: polls the head of the log on a connection of its own and hands out what it finds.
class TailThread {
 public:
  TailThread(const DatabaseAccess& access, PollSettings poll, Exchange& exchange,
             DatabaseClock& clock);

  void RequestStop() { thread_.request_stop(); }
  void Stop();
  /// When a poll last succeeded; the epoch: never.
  std::chrono::steady_clock::time_point last_poll() const;
  /// The last poll found nothing new, and every lane it reads for has what there was.
  bool at_head() const { return at_head_.load(); }

 private:
  void Work(std::stop_token stop);
  void Read(std::stop_token stop, Connection& connection);
  void Begin(TailReader& reader);
  TailTurn Poll(TailReader& reader);
  void FollowEra(TailReader& reader);
  void TakeJoining(TailReader& reader);
  void NoteTurn(const TailReader& reader, const TailTurn& turn);

  const DatabaseAccess& access_;
  const PollSettings poll_;
  Exchange& exchange_;
  DatabaseClock& clock_;
  std::string canary_;      ///< of the history that was read last
  EventId last_value_ = 0;  ///< of the id sequence, in that history
  std::uint64_t era_ = 0;
  std::atomic<std::chrono::steady_clock::rep> last_poll_{0};
  std::atomic<bool> at_head_{false};
  Patience patience_;
  std::jthread thread_;
};

}  // namespace postrider
