#include "faults/shop.h"

#include "postrider/postgres/fault.h"

namespace postrider::test {
namespace {

std::string Literal(const Connection& connection, const std::optional<std::string>& text) {
  return text ? connection.Quote(*text) : "NULL";
}

std::string FirstValue(Connection& connection, const std::string& sql) {
  const Rows rows = connection.Execute("shop", sql);
  return rows.empty() ? "" : std::string(rows.Text(0, 0));
}

}  // namespace

EventId Shop::Insert(const Draft& draft) {
  const Connection& c = session();
  const std::string body = draft.body ? c.QuoteBytes(*draft.body) : "NULL";
  const std::string payload = draft.body ? "NULL" : Literal(c, draft.payload);
  return std::stoll(
      Ask("INSERT INTO outbox.event (topic, key, payload, body, content_type, headers, dedup_key, "
          "deliver_after, deliver_before) VALUES (" +
          c.Quote(draft.topic) + ", " + Literal(c, draft.key) + ", " + payload + ", " + body +
          ", " + Literal(c, draft.content_type) + ", " + Literal(c, draft.headers) + ", " +
          Literal(c, draft.dedup_key) + ", " + draft.deliver_after + ", " + draft.deliver_before +
          ") RETURNING id"));
}

void Shop::InsertMany(int n, const std::string& topic, int keys) {
  const std::string key = keys == 0 ? "NULL" : "'key-' || n % " + std::to_string(keys);
  Ask("INSERT INTO outbox.event (topic, key, payload) SELECT '" + topic + "', " + key +
      ", '{\"n\": ' || n || '}' FROM generate_series(1, " + std::to_string(n) + ") AS n");
}

std::string Shop::Ask(const std::string& sql) {
  try {
    return FirstValue(session(), sql);
  } catch (const DatabaseFault& fault) {
    session_.reset();
    if (!fault.connection_lost()) throw;
  }
  return FirstValue(session(), sql);
}

std::string Shop::State(EventId event, const std::string& destination) {
  return Delivery("state", event, destination);
}

std::string Shop::Delivery(const std::string& column, EventId event,
                           const std::string& destination) {
  return Ask("SELECT " + column + " FROM outbox.delivery WHERE event_id = " +
             std::to_string(event) + " AND destination = '" + destination + "'");
}

int Shop::Delivered() { return Count("outbox.outcome WHERE state = 1"); }

Connection& Shop::session() {
  if (session_ == nullptr) session_ = Connect();
  return *session_;
}

}  // namespace postrider::test
