#pragma once

#include "postrider/model/snapshot.h"

namespace postrider {

/// A place in the log: every row visible in `snapshot` with `id <= high` has been taken, once.
struct Position {
  EventId high = 0;
  Snapshot snapshot;

  friend bool operator==(const Position&, const Position&) = default;
};

/// What the keeper puts down now and then so that a lane can save how far it is closed: `high` was
/// copied first, `xid` assigned after it, so every row with `id <= high` belongs to a transaction
/// with a lower xid (docs/protocols.md, "What is closed").
struct Mark {
  EventId high = 0;
  Xid xid = 0;

  friend bool operator==(const Mark&, const Mark&) = default;
};

}  // namespace postrider
