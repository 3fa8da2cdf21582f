#pragma once

#include <optional>
#include <string>
#include <vector>

#include "postrider/engine/backlog_store.h"
#include "postrider/model/snapshot.h"
#include "postrider/postgres/connection.h"

namespace postrider {

/// The backlog in `outbox.backlog`. Borrows the connection, which must outlive it. Throws
/// DatabaseFault.
class PostgresBacklogStore : public BacklogStore {
 public:
  /// @param limit  of one statement
  explicit PostgresBacklogStore(Connection& connection, milliseconds limit = seconds(60))
      : connection_(connection), limit_(limit) {}

  std::vector<DueOrder> ReadDue(LaneId lane, int shards, DueLine line, DueOrder after,
                                int limit) override;
  std::vector<StoredDelivery> Load(LaneId lane, const std::vector<EventId>& ids) override;
  std::vector<StoredDelivery> LoadKey(LaneId lane, const std::string& key, int limit,
                                      bool unless_dead) override;
  std::vector<StoredKey> ReadKeys(LaneId lane, int shards, bool with_dead) override;
  std::vector<ForeignRow> ReadForeign() override;
  std::vector<CancelRequest> ReadCancels(bool all) override;
  EventRef LoadBody(LaneId lane, const EventIdentity& event) override;

 private:
  Rows Read(const std::string& sql);
  bool CancelsAreOpen();
  std::vector<CancelRequest> ReadCancelRows(const Rows& rows);
  std::vector<StoredDelivery> LoadWhere(const std::string& conditions);

  Connection& connection_;
  const milliseconds limit_;
  std::optional<Snapshot> seen_;
  std::optional<Snapshot> cancels_seen_;
};

}  // namespace postrider
