#pragma once

#include "postrider/postgres/connection.h"

namespace postrider {

/// The operations that people began and that are not finished: sql/0009_operations.sql. Borrows the
/// connection, which must outlive it.
class PostgresOperations {
 public:
  explicit PostgresOperations(Connection& connection) : connection_(connection) {}

  /// Makes one batch of the oldest that nobody else is at, in one transaction of at most a minute.
  /// Returns false when there is none. Throws DatabaseFault; then the batch is made another time.
  bool MakeBatch();

 private:
  Connection& connection_;
};

}  // namespace postrider
