#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "postrider/model/time.h"

namespace postrider {

using EventId = std::int64_t;
using DestinationId = std::int32_t;

/// A 64-bit transaction id (`xid8`): never wraps.
using Xid = std::uint64_t;

/// Number of hash slots that ordering keys fall into. A lane takes the slots with
/// `slot % shards == shard`, so a change of `shards` rehashes nothing.
inline constexpr int kSlots = 16384;

/// What tells one event from another *across histories*: after a failover that lost commits the
/// same id may be given to another event, but not together with the same xid and time.
struct EventIdentity {
  EventId id = 0;
  std::int16_t bucket = 0;
  Xid xid = 0;
  Timestamp recorded_at;

  friend bool operator==(const EventIdentity&, const EventIdentity&) = default;
};

/// Accounts for the bytes that an event holds in memory, and gives them back when it goes.
class MemoryCharge {
 public:
  virtual ~MemoryCharge() = default;
};

/// One row of `outbox.event`, immutable once read. `body` holds the bytes exactly as inserted,
/// whichever of the columns `payload` and `body` they came from.
struct Event {
  EventIdentity identity;
  std::string topic;
  std::optional<std::string> key;
  std::string body;
  /// True when the bytes came from `payload`, so the content type is JSON unless given.
  bool body_is_payload = true;
  std::optional<std::string> content_type;
  /// JSON object of strings, as inserted; empty when there are none.
  std::string headers;
  std::optional<EventId> duplicate_of;
  std::optional<EventId> cause_id;
  std::optional<Timestamp> deliver_after;
  std::optional<Timestamp> deliver_before;
  /// Set by `amend`: the event is meant for this destination alone.
  std::optional<DestinationId> only_destination;
  /// Hash slot of the key (of the id where there is no key), 0 .. kSlots-1; see `outbox.slot`.
  std::int32_t slot = 0;
  /// The size of the body in bytes. Larger than `body.size()` when `body_deferred`.
  std::size_t body_bytes = 0;
  /// The body was too large to be read with its page and is fetched alone before it is sent.
  bool body_deferred = false;
  std::unique_ptr<MemoryCharge> charge;

  EventId id() const { return identity.id; }
};

/// Lanes share events: one that three destinations take is held once.
using EventRef = std::shared_ptr<const Event>;

}  // namespace postrider
