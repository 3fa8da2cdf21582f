#include "postrider/postgres/postgres_operations.h"

#include "event_rows.h"
#include "sql_text.h"

namespace postrider {

namespace {

using sql_text::Quote;

constexpr milliseconds kBatchLimit{60000};
constexpr milliseconds kLimit{5000};

}  // namespace

bool PostgresOperations::MakeBatch() {
  const Rows rows = connection_.Execute(
      "operations",
      "SET LOCAL lock_timeout = '5s'; SET LOCAL synchronous_commit = on; SELECT "
      "outbox.continue_operations()",
      kBatchLimit);
  return !rows.IsNull(0, 0);
}

std::optional<std::int64_t> PostgresOperations::FindReload(const std::string& incarnation) {
  return ReadOptionalInt(
      connection_.Execute("operations",
                          "SELECT min(o.id) FROM "
                          "outbox.operation o WHERE o.status = 'running' AND o.kind = 'reload' AND "
                          "o.filter ->> 'relay_id' = " +
                              Quote(incarnation),
                          kLimit),
      0, 0);
}

void PostgresOperations::AnswerReload(std::int64_t operation, bool taken,
                                      const std::string& detail) {
  const std::string text = detail.empty() ? "NULL" : Quote(sql_text::CleanUtf8(detail));
  connection_.Execute("operations",
                      "UPDATE outbox.operation SET finished_at = "
                      "clock_timestamp(), status = " +
                          std::string(taken ? "'done', done = 1, note = " : "'failed', error = ") +
                          text + " WHERE id = " + std::to_string(operation) +
                          " AND status = 'running'",
                      kLimit);
}

}  // namespace postrider
