#include "postrider/postgres/postgres_operations.h"

namespace postrider {

bool PostgresOperations::MakeBatch() {
  const Rows rows = connection_.Execute(
      "operations",
      "SET LOCAL statement_timeout = '60s'; SET LOCAL lock_timeout = '5s'; SET LOCAL "
      "synchronous_commit = on; SELECT outbox.continue_operations()");
  return !rows.IsNull(0, 0);
}

}  // namespace postrider
