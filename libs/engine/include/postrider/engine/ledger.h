#pragma once

#include <vector>

#include "postrider/model/delivery.h"

namespace postrider {

/// What became of a batch of settlements. Every settlement of the batch is dealt with: written, or
/// dropped for good.
struct RecordResult {
  /// Lanes whose fence was not ours any more; of their settlements only `delivered` was written.
  std::vector<LaneId> lost_lanes;
  int refused = 0;    ///< settlements dropped because of a lost fence or an older run
  int strangers = 0;  ///< dropped because their event does not exist in the present history
  std::vector<const Settlement*> dropped;  ///< all of these, of the batch
};

/// The write side. Blocks; throws on any fault, after which the whole batch is offered again (the
/// commit may have happened: writing it twice changes nothing).
class Ledger {
 public:
  virtual ~Ledger() = default;

  /// Writes settlements, at most one for each (event, destination); each in one transaction with
  /// all that follows from it.
  virtual RecordResult Record(const std::vector<const Settlement*>& batch) = 0;
};

}  // namespace postrider
