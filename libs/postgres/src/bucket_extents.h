#pragma once

#include <optional>
#include <string>
#include <vector>

#include "postrider/model/event.h"
#include "postrider/postgres/connection.h"

namespace postrider {

/// Which ids each bucket of the log holds. A page of the log usually lies in one bucket, and a
/// statement that names it is planned and begun in a fraction of the time that all of them take.
///
/// What was read stays true for whatever was visible before: rows of it can only go away. Of newer
/// rows it says nothing.
class BucketExtents {
 public:
  static std::string Sql();
  /// @param rows  of Sql()
  explicit BucketExtents(const Rows& rows);

  /// A bucket besides which no other has ids above `after` and up to `up_to`; nullopt when there
  /// is none.
  std::optional<int> Only(EventId after, EventId up_to) const;

 private:
  struct Extent {
    int bucket;
    EventId lowest;
    EventId highest;
  };
  std::vector<Extent> extents_;  ///< of those that are not empty
};

}  // namespace postrider
