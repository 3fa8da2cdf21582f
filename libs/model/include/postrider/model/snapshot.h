#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "postrider/model/event.h"

namespace postrider {

/// A `pg_snapshot`: which transactions had finished at one moment.
/// Every xid below `xmin` had; none at or above `xmax` had; of those between, all but
/// `in_progress`. Note that `xmax` is the latest *completed* xid plus one: a running transaction
/// may have a higher xid and then stands in no list (docs/protocols.md, "Reading the log").
struct Snapshot {
  Xid xmin = 0;
  Xid xmax = 0;
  /// Sorted, without repetition, each in [xmin, xmax).
  std::vector<Xid> in_progress;

  /// Whether a transaction with this xid had finished (its rows, if it committed, are visible).
  bool Finished(Xid xid) const;

  /// The text form `xmin:xmax:xip,xip`, as PostgreSQL prints and reads it.
  std::string ToText() const;

  /// Throws std::invalid_argument that quotes the text when it is not a snapshot.
  static Snapshot FromText(std::string_view text);

  friend bool operator==(const Snapshot&, const Snapshot&) = default;
};

}  // namespace postrider
