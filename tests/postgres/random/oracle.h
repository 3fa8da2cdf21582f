#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <vector>

#include "postrider/model/event.h"

namespace postrider::test {

/// Counts what partners received, across crashes of the relay.
class Oracle {
 public:
  void Receive(DestinationId destination, EventId id) {
    auto& counts = received_[destination];
    const auto at = static_cast<std::size_t>(id);
    if (counts.size() <= at) counts.resize(at + at / 2 + 1024);
    if (counts[at]++ == 0) {
      ++events_;
      ++events_of_[destination];
    } else {
      ++duplicates_;
    }
  }
  /// A crash of the relay may double what was sent and not durably settled.
  void AllowDuplicates(std::size_t unsettled) { allowed_ += static_cast<std::int64_t>(unsettled); }

  int Received(DestinationId destination, EventId id) const {
    const auto counts = received_.find(destination);
    const auto at = static_cast<std::size_t>(id);
    return counts == received_.end() || counts->second.size() <= at ? 0 : counts->second[at];
  }
  /// Different ones, for all destinations or for one.
  std::int64_t events() const { return events_; }
  std::int64_t events(DestinationId destination) const {
    const auto count = events_of_.find(destination);
    return count == events_of_.end() ? 0 : count->second;
  }
  std::int64_t duplicates() const { return duplicates_; }
  std::int64_t allowed_duplicates() const { return allowed_; }

 private:
  std::map<DestinationId, std::vector<std::uint8_t>> received_;
  std::map<DestinationId, std::int64_t> events_of_;
  std::int64_t events_ = 0;
  std::int64_t duplicates_ = 0;
  std::int64_t allowed_ = 0;
};

}  // namespace postrider::test
