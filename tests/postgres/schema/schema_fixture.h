#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "postrider/postgres/connection.h"
#include "support/test_database.h"

namespace postrider::test {

/// The first column of the first row; empty when there is none. Null reads `null`.
std::string One(Connection& connection, const std::string& sql);

/// All rows as text: columns separated by `|`, rows by a space.
std::string All(Connection& connection, const std::string& sql);

/// What the server says to a statement that it refuses, with its SQLSTATE in front; fails the test
/// when it does not refuse. An open transaction is rolled back.
std::string Refusal(Connection& connection, const std::string& sql);

/// Creates a login role that is a member of `group`, once per server, and returns its name.
std::string Login(PostgresServer& server, const std::string& group);

/// Runs psql with `input`; returns its exit code.
int Psql(const PostgresServer& server, const std::string& conninfo, const std::string& input);

/// A migrated database with a superuser's session, and one of a producer.
class SchemaTest : public testing::Test {
 protected:
  SchemaTest();

  /// Registers a destination that takes `topics` (an array literal such as `{a.*}`) from the first
  /// event on; returns its id.
  std::string AddDestination(const std::string& name, const std::string& topics = "{*}");
  /// Inserts an event of a topic and key; returns its id.
  std::string AddEvent(const std::string& topic = "t", const std::string& key = "k");
  /// Lets a delivery die as the relay does; returns the dead letter's id. `destination` 0: no
  /// route.
  std::string Die(const std::string& event, const std::string& destination,
                  const std::string& reason = "refused");
  void Settle(const std::string& event, const std::string& destination, int state);
  /// Puts a delivery into the backlog as the relay does.
  void Wait(const std::string& event, const std::string& destination, int waiting_for,
            const std::string& predecessor = "NULL");

  TestDatabase database_;
  Connection admin_;
  Connection producer_;
};

}  // namespace postrider::test
