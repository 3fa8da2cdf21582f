#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "postrider/model/time.h"
#include "postrider/postgres/fault.h"

namespace postrider {

/// The rows that the last statement of an Execute returned. Texts live as long as this object.
class Rows {
 public:
  struct Impl;
  explicit Rows(std::unique_ptr<Impl> impl);
  Rows(Rows&&) noexcept;
  Rows& operator=(Rows&&) noexcept;
  ~Rows();

  int size() const;
  bool empty() const { return size() == 0; }
  bool IsNull(int row, int column) const;
  /// The value as PostgreSQL prints it; empty for null.
  std::string_view Text(int row, int column) const;
  /// Rows inserted, updated or deleted by the last statement.
  long long affected() const;

 private:
  std::unique_ptr<Impl> impl_;
};

/// One connection to PostgreSQL, used by one thread at a time. It is never repaired: after a fault
/// with connection_lost() it is thrown away and a new one is built. No session state is relied on,
/// so that a pooler in transaction mode may stand between.
class Connection {
 public:
  /// Connects, and blocks for at most the `connect_timeout` of the conninfo (libpq keywords or
  /// URI). Throws DatabaseFault.
  explicit Connection(const std::string& conninfo);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  /// Runs one or several statements in one round trip of the simple protocol. Several statements
  /// are one transaction, in which SET LOCAL holds. Returns the rows of the last one. Blocks for as
  /// long as the server takes.
  /// @param query_name  for faults and metrics
  Rows Execute(std::string_view query_name, const std::string& sql);
  /// The same in READ COMMITTED, READ WRITE, and within a limit, which is the `statement_timeout`.
  /// A server or network that does not even say that it was reached is given a little longer; then
  /// the connection is cut, and the fault says that it is lost and that the commit is in doubt.
  /// @param sql    no transaction control
  /// @param limit  0: none, whatever the session's own `statement_timeout` is
  Rows Execute(std::string_view query_name, const std::string& sql, milliseconds limit);

  /// The same for a statement that waits for nothing: the server is not told of the limit, which
  /// would cost more than the statement.
  Rows Glance(std::string_view query_name, const std::string& sql, milliseconds limit);

  /// Cuts the connection when that time has passed, whatever it does then. Any thread.
  void EndWithin(milliseconds time);

  /// A text as SQL literal, quotes included.
  std::string Quote(std::string_view text) const;
  /// Bytes as SQL literal of type bytea.
  std::string QuoteBytes(std::string_view bytes) const;
  /// An identifier, quoted.
  std::string QuoteName(std::string_view name) const;

  /// E.g. 150018.
  int server_version() const;

 private:
  Rows Run(const std::string& query_name, const std::string& sql);
  std::string Explain(const char* what) const;

  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace postrider
