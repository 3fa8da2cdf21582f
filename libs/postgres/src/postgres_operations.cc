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

std::vector<std::int64_t> PostgresOperations::FindReloads(
    const std::vector<std::string>& incarnations) {
  sql_text::ArrayLiteral ids;
  for (const std::string& id : incarnations) ids.AddText(id);
  const Rows rows = connection_.Execute("operations",
                                        "SELECT o.id FROM outbox.operation o WHERE o.status = "
                                        "'running' AND o.kind = 'reload' AND o.filter ->> "
                                        "'relay_id' = ANY (" +
                                            ids.As("text") + ")",
                                        kLimit);
  std::vector<std::int64_t> requests;
  for (int row = 0; row < rows.size(); ++row) requests.push_back(ReadInt(rows, row, 0));
  return requests;
}

void PostgresOperations::AnswerReloads(const std::vector<std::int64_t>& requests, bool taken,
                                       const std::string& detail) {
  const std::string text = detail.empty() ? "NULL" : Quote(sql_text::CleanUtf8(detail));
  const std::string answer = taken ? "'done', done = 1, note = " : "'failed', error = ";
  sql_text::ArrayLiteral ids;
  for (const std::int64_t request : requests) ids.Add(request);
  connection_.Execute(
      "operations",
      "UPDATE outbox.operation SET finished_at = clock_timestamp(), status = " + answer + text +
          " WHERE id = ANY (" + ids.As("int8") + ") AND status = 'running'",
      kLimit);
}

}  // namespace postrider
