#pragma once

#include <cstddef>
#include <iosfwd>
#include <string>
#include <vector>

#include "faults/receiver_process.h"
#include "faults/shop.h"

namespace postrider::test {

/// An event of which it is certain that it committed.
struct Committed {
  EventId id = 0;
  std::string key;  ///< empty: none
};

/// How what arrived compares with what was committed.
struct Findings {
  std::size_t committed = 0;
  std::size_t arrivals = 0;
  std::size_t lost = 0;        ///< committed, never accepted
  std::size_t invented = 0;    ///< arrivals of events that were not committed
  std::size_t duplicates = 0;  ///< arrivals after one of the same idempotency key was accepted
  std::size_t refused = 0;     ///< arrivals that were not accepted
  std::size_t mixed_keys = 0;  ///< idempotency keys with two events, and events with two keys
  /// First arrivals of an event before every earlier one of its key was accepted.
  std::size_t out_of_order = 0;
  std::string example;  ///< of a fault, for people

  /// Nothing lost, nothing invented, every event under one idempotency key of its own.
  bool sound() const { return lost == 0 && invented == 0 && mixed_keys == 0; }
};

std::ostream& operator<<(std::ostream& out, const Findings& findings);

/// The events in the table that are no duplicates, by id. What is in the table has committed.
std::vector<Committed> ReadCommitted(Shop& shop);

/// @param committed  by id
/// @param arrivals   of one destination, in order
Findings Compare(const std::vector<Committed>& committed, const std::vector<Arrival>& arrivals);

/// Those to one path, in order.
std::vector<Arrival> To(const std::string& path, const std::vector<Arrival>& arrivals);

}  // namespace postrider::test
