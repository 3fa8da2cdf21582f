#include "postrider/postgres/connection.h"

#include <algorithm>
#include <pqxx/pqxx>

#include "answer_deadline.h"
#include "preamble.h"

namespace postrider {
namespace {

/// For the question whether a server takes writes.
constexpr milliseconds kAskLimit{5000};

/// For an answer to arrive that the server has given in time.
milliseconds MarginOf(milliseconds limit) {
  return std::clamp(limit / 4, milliseconds(1000), milliseconds(5000));
}

std::string WithoutTrailingNewline(std::string text) {
  while (!text.empty() && text.back() == '\n') text.pop_back();
  return text;
}

/// libpqxx 6 leaves the SQLSTATE of these classes empty, and its rollbacks are no sql_error.
std::string SqlstateOf(const pqxx::failure& error) {
  if (dynamic_cast<const pqxx::serialization_failure*>(&error) != nullptr) return "40001";
  if (dynamic_cast<const pqxx::deadlock_detected*>(&error) != nullptr) return "40P01";
  if (dynamic_cast<const pqxx::statement_completion_unknown*>(&error) != nullptr) return "40003";
  if (dynamic_cast<const pqxx::transaction_rollback*>(&error) != nullptr) return "40000";
  if (dynamic_cast<const pqxx::insufficient_privilege*>(&error) != nullptr) return "42501";
  const auto* sql_error = dynamic_cast<const pqxx::sql_error*>(&error);
  return sql_error != nullptr ? sql_error->sqlstate() : "";
}

}  // namespace

struct Rows::Impl {
  pqxx::field Field(int row, int column) const;

  pqxx::result result;
  /// The row that was looked at last: making one costs more than looking into it.
  mutable pqxx::row at{};
  mutable int at_number = -1;
};

pqxx::field Rows::Impl::Field(int row, int column) const {
  if (row != at_number) {
    at = result[static_cast<pqxx::result::size_type>(row)];
    at_number = row;
  }
  return at[static_cast<pqxx::row::size_type>(column)];
}

Rows::Rows(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Rows::Rows(Rows&&) noexcept = default;
Rows& Rows::operator=(Rows&&) noexcept = default;
Rows::~Rows() = default;

int Rows::size() const { return static_cast<int>(impl_->result.size()); }

bool Rows::IsNull(int row, int column) const { return impl_->Field(row, column).is_null(); }

std::string_view Rows::Text(int row, int column) const {
  const pqxx::field field = impl_->Field(row, column);
  return {field.c_str(), static_cast<std::size_t>(field.size())};
}

long long Rows::affected() const { return static_cast<long long>(impl_->result.affected_rows()); }

struct Connection::Impl {
  void Connect(const std::string& conninfo);
  bool WritesAfterAll(Connection& self, const std::string& conninfo);
  Rows RunWithin(Connection& self, const std::string& name, const std::string& sql,
                 milliseconds limit);

  std::unique_ptr<AnswerDeadline> deadline;  ///< outlives the connection, which may use its socket
  std::unique_ptr<pqxx::connection> connection;
  Preamble preamble;
};

void Connection::Impl::Connect(const std::string& conninfo) {
  connection = std::make_unique<pqxx::connection>(conninfo);
#if PQXX_VERSION_MAJOR < 7
  // A silent reconnection would lose what the lost session had told us.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"
  connection->inhibit_reactivation(true);
#pragma GCC diagnostic pop
#endif
  deadline = std::make_unique<AnswerDeadline>(connection->sock());
}

/// PgBouncer tells its clients what the server said of itself at first, also when that standby is a
/// primary by now: so the server itself is asked.
bool Connection::Impl::WritesAfterAll(Connection& self, const std::string& conninfo) {
  try {
    Connect(conninfo + " target_session_attrs=any");
    const Rows rows = self.Execute("connect",
                                   "SELECT NOT pg_is_in_recovery() AND (SELECT reset_val = 'off' "
                                   "FROM pg_settings WHERE name = 'default_transaction_read_only')",
                                   kAskLimit);
    return rows.Text(0, 0) == "t";
  } catch (const std::exception&) {
    return false;
  }
}

Connection::Connection(const std::string& conninfo) : impl_(std::make_unique<Impl>()) {
  try {
    impl_->Connect(conninfo);
  } catch (const std::exception& error) {
    const std::string message = WithoutTrailingNewline(error.what());
    const bool read_only = message.find("read-only") != std::string::npos;
    if (read_only && impl_->WritesAfterAll(*this, conninfo)) return;
    throw DatabaseFault(message, "connect", "", true, false);
  }
}

Connection::~Connection() = default;

/// What libpqxx says of a connection that has gone is often about what it tried next.
std::string Connection::Explain(const char* what) const {
  const std::string message = WithoutTrailingNewline(what);
  return impl_->connection->is_open() ? message : "the connection was lost: " + message;
}

Rows Connection::Execute(std::string_view query_name, const std::string& sql) {
  return Run(std::string(query_name), sql);
}

Rows Connection::Execute(std::string_view query_name, const std::string& sql, milliseconds limit) {
  const std::string name(query_name);
  Preamble& preamble = impl_->preamble;
  const auto run = [&] {
    const std::string all = preamble.Text(limit) + sql;
    return limit.count() == 0 ? Run(name, all) : impl_->RunWithin(*this, name, all, limit);
  };
  const Preamble before = preamble;
  try {
    return run();
  } catch (const DatabaseFault& fault) {
    if (fault.connection_lost() || !preamble.Learn(fault.sqlstate())) throw;
  }
  try {
    return run();
  } catch (const DatabaseFault&) {
    preamble = before;  // that was not the reason
    throw;
  }
}

Rows Connection::Glance(std::string_view query_name, const std::string& sql, milliseconds limit) {
  return impl_->RunWithin(*this, std::string(query_name), sql, limit);
}

/// Cuts the connection when no answer comes in time.
Rows Connection::Impl::RunWithin(Connection& self, const std::string& name, const std::string& sql,
                                 milliseconds limit) {
  const milliseconds patience = limit + MarginOf(limit);
  deadline->Begin(std::chrono::steady_clock::now() + patience);
  try {
    Rows rows = self.Run(name, sql);
    deadline->End();
    return rows;
  } catch (const DatabaseFault& fault) {
    if (deadline->End()) throw;
    throw DatabaseFault("the database did not answer within " + std::to_string(patience.count()) +
                            " ms; the connection was cut",
                        name, "", true, true);
  }
}

void Connection::EndWithin(milliseconds time) {
  impl_->deadline->Limit(std::chrono::steady_clock::now() + time);
}

Rows Connection::Run(const std::string& name, const std::string& sql) {
  try {
    pqxx::nontransaction transaction(*impl_->connection);
    return Rows(std::make_unique<Rows::Impl>(Rows::Impl{.result = transaction.exec(sql)}));
  } catch (const pqxx::broken_connection& error) {
    throw DatabaseFault(Explain(error.what()), name, "", true, true);
  } catch (const pqxx::failure& error) {
    const std::string state = SqlstateOf(error);
    // Class 57P: the server ends the session; class 08: the connection failed.
    const bool lost = state.empty() || state.substr(0, 3) == "57P" || state.substr(0, 2) == "08" ||
                      !impl_->connection->is_open();
    throw DatabaseFault(Explain(error.what()), name, state, lost, state.empty());
  } catch (const std::exception& error) {
    throw DatabaseFault(Explain(error.what()), name, "", true, true);
  }
}

std::string Connection::Quote(std::string_view text) const {
  return impl_->connection->quote(std::string(text));
}

std::string Connection::QuoteBytes(std::string_view bytes) const {
  static constexpr char kHex[] = "0123456789abcdef";
  std::string literal = " E'\\\\x";
  literal.reserve(bytes.size() * 2 + 12);
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    literal += kHex[byte >> 4];
    literal += kHex[byte & 15];
  }
  return literal + "'::bytea";
}

std::string Connection::QuoteName(std::string_view name) const {
  return impl_->connection->quote_name(std::string(name));
}

int Connection::server_version() const { return impl_->connection->server_version(); }

}  // namespace postrider
