#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "postrider/model/event.h"
#include "postrider/postgres/connection.h"
#include "support/test_database.h"

namespace postrider::test {

/// An event as the shop inserts it. Times are SQL expressions, such as `now() + interval '1s'`.
struct Draft {
  std::string topic = "shipment.requested";
  std::optional<std::string> key = std::nullopt;
  std::optional<std::string> payload = R"({"order_id": 42})";
  std::optional<std::string> body = std::nullopt;  ///< bytes; in place of `payload`
  std::optional<std::string> content_type = std::nullopt;
  std::optional<std::string> headers = std::nullopt;
  std::optional<std::string> dedup_key = std::nullopt;
  std::string deliver_after = "NULL";
  std::string deliver_before = "NULL";
};

/// The shop's database and a session in it. After a fault of the session the next call has a new
/// one.
class Shop {
 public:
  explicit Shop(PostgresServer& server = SharedServer()) : database_(server) {}

  std::string Conninfo() const { return database_.Conninfo(); }
  PostgresServer& server() const { return database_.server(); }
  const std::string& database() const { return database_.name(); }

  /// Returns the event's id.
  EventId Insert(const Draft& draft);
  /// Events with the topic and `keys` keys (0: without), n of them, in one transaction.
  void InsertMany(int n, const std::string& topic = "shipment.requested", int keys = 0);

  /// The first column of the first row; empty when there is none. A lost session is replaced once.
  std::string Ask(const std::string& sql);
  /// The state of an event's delivery, as people see it.
  std::string State(EventId event, const std::string& destination);
  /// A column of that delivery.
  std::string Delivery(const std::string& column, EventId event, const std::string& destination);
  /// Deliveries that ended as delivered.
  int Delivered();
  int Count(const std::string& from) { return std::stoi(Ask("SELECT count(*) FROM " + from)); }

  /// A session of the test's own.
  std::unique_ptr<Connection> Connect() const { return std::make_unique<Connection>(Conninfo()); }

 private:
  Connection& session();

  TestDatabase database_;
  std::unique_ptr<Connection> session_;
};

}  // namespace postrider::test
