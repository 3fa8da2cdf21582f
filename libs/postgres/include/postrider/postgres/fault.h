#pragma once

#include <stdexcept>
#include <string>

namespace postrider {

/// A statement or a connection that failed. Carries what the caller decides on.
class DatabaseFault : public std::runtime_error {
 public:
  DatabaseFault(const std::string& message, std::string query_name, std::string sqlstate,
                bool connection_lost, bool commit_in_doubt)
      : std::runtime_error(message),
        query_name_(std::move(query_name)),
        sqlstate_(std::move(sqlstate)),
        connection_lost_(connection_lost),
        commit_in_doubt_(commit_in_doubt) {}

  /// The purpose of the statement, as in the metric label `purpose`.
  const std::string& query_name() const { return query_name_; }
  /// Five characters; empty when the server did not answer.
  const std::string& sqlstate() const { return sqlstate_; }
  /// The connection is of no use any more.
  bool connection_lost() const { return connection_lost_; }
  /// The transaction may have been committed: the connection broke before the answer came.
  bool commit_in_doubt() const { return commit_in_doubt_; }

 private:
  std::string query_name_;
  std::string sqlstate_;
  bool connection_lost_;
  bool commit_in_doubt_;
};

}  // namespace postrider
