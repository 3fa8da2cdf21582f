#pragma once

#include <cstdint>
#include <string>
#include <vector>

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

  /// The requests that one of these incarnations read its file again: sql/0012_reload.sql.
  std::vector<std::int64_t> FindReloads(const std::vector<std::string>& incarnations);
  /// @param detail  taken: what is worth knowing, or empty; refused: what is wrong with the file
  void AnswerReloads(const std::vector<std::int64_t>& requests, bool taken,
                     const std::string& detail);

 private:
  Connection& connection_;
};

}  // namespace postrider
