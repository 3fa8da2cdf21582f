#pragma once

#include <cstdint>
#include <deque>
#include <unordered_map>
#include <utility>

#include "postrider/model/event.h"

namespace postrider {

/// Numbers the questions of a lane to its backlog, which are answered in order, and tells of which
/// deliveries an answer may be older than what became of them since: they left the memory while the
/// question was open.
class QuestionLog {
 public:
  /// The number of a question about to be asked.
  std::uint64_t Ask() { return ++asked_; }
  /// The answer to a question is looked at, or has been.
  void BeginAnswer(std::uint64_t number) { answered_ = number - 1; }
  void EndAnswer(std::uint64_t number);
  /// A delivery ended or was parked durably.
  void Left(EventId id, std::int16_t run);
  /// The answer at hand was asked for before the delivery left.
  bool LeftSince(EventId id) const;
  /// What the answer at hand says of this run of a delivery was read before it left.
  bool IsStale(EventId id, std::int16_t run) const;
  /// No question is open any more: those before are not answered.
  void Reset();

 private:
  struct Leaving {
    std::int16_t run = 1;
    std::uint64_t asked = 0;  ///< the last question that was open
  };
  std::uint64_t asked_ = 0;
  std::uint64_t answered_ = 0;
  std::unordered_map<EventId, Leaving> left_;
  std::deque<std::pair<EventId, std::uint64_t>> order_;
};

}  // namespace postrider
