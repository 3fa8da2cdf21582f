#pragma once

#include <string>
#include <vector>

#include "postrider/engine/ledger.h"
#include "postrider/model/time.h"
#include "postrider/postgres/connection.h"

namespace postrider {

/// Whether what is to be recorded may be recorded already, because a commit was in doubt.
enum class Doubt { kNone, kRepeated };

/// Settlements in `outbox.outcome` and what follows from them (docs/protocols.md, "Settling").
/// A batch is one round trip and one transaction, or two when it is worth writing plain deliveries
/// apart: they cost the database a small part of the others. Borrows the connection, which must
/// outlive it.
/// Throws DatabaseFault; the same batch may then be recorded again by another connection.
class PostgresLedger : public Ledger {
 public:
  /// @param owner  the incarnation that must own the fences
  /// @param timeout  of a batch; a quarter of the lease
  /// @param doubt  repeated: no statement is tried that would fail if it were there
  PostgresLedger(Connection& connection, std::string owner, milliseconds timeout,
                 Doubt doubt = Doubt::kNone)
      : connection_(connection), owner_(std::move(owner)), timeout_(timeout), doubt_(doubt) {}

  /// All settlements of a batch were read under the same canary.
  RecordResult Record(const std::vector<const Settlement*>& batch) override;

 private:
  /// Writes all or nothing; false: nothing, because something stands in the way of one of them.
  bool RecordPlain(std::vector<const Settlement*> plain);
  RecordResult RecordAny(const std::vector<const Settlement*>& batch);

  Connection& connection_;
  std::string owner_;
  milliseconds timeout_;
  Doubt doubt_;
};

}  // namespace postrider
