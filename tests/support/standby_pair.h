#pragma once

#include <string>

#include "support/postgres_server.h"

namespace postrider::test {

/// A primary and an asynchronous hot standby that streams from it.
class StandbyPair {
 public:
  StandbyPair();

  PostgresServer& primary() { return primary_; }
  PostgresServer& standby() { return standby_; }
  const PostgresServer& standby() const { return standby_; }
  /// Keywords for libpq with both hosts.
  std::string ConninfoOfBoth(const std::string& database) const;

  /// Returns when the standby shows all that is committed on the primary.
  void CatchUp();
  /// The standby receives nothing from here on; returns when that is so.
  void CutOff();
  /// Makes the standby a primary; returns when it is one.
  void Promote();

 private:
  PostgresServer primary_;
  PostgresServer standby_;
};

}  // namespace postrider::test
