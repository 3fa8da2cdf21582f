#include "event_rows.h"

#include <charconv>
#include <stdexcept>

#include "sql_text.h"

namespace postrider {
namespace {

Xid ReadXid(const Rows& rows, int row, int column) {
  const std::string_view text = rows.Text(row, column);
  Xid value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

int HexDigit(char c) { return c <= '9' ? c - '0' : c - 'a' + 10; }

std::string FromHex(std::string_view hex) {
  std::string bytes;
  bytes.reserve(hex.size() / 2);
  for (std::size_t i = 0; i + 1 < hex.size(); i += 2) {
    bytes += static_cast<char>(HexDigit(hex[i]) * 16 + HexDigit(hex[i + 1]));
  }
  return bytes;
}

std::optional<std::string> ReadOptionalText(const Rows& rows, int row, int column) {
  const std::string_view text = rows.Text(row, column);
  if (text.empty() && rows.IsNull(row, column)) return std::nullopt;
  return std::string(text);
}

}  // namespace

std::string EventColumns(const std::string& alias, std::size_t inline_limit,
                         const std::string& only_destination, const std::string& id_column,
                         const std::string& xid_column) {
  const std::string a = alias + ".";
  const std::string limit = std::to_string(inline_limit);
  const std::string id = a + id_column;
  return id + ", " + a + xid_column + ", " + a + "bucket, " + a + "recorded_at, " + a + "topic, " +
         a + "key, CASE WHEN octet_length(" + a + "payload) <= " + limit + " THEN " + a +
         "payload END, CASE WHEN octet_length(" + a + "body) <= " + limit + " THEN encode(" + a +
         "body, 'hex') END, coalesce(octet_length(" + a + "payload), octet_length(" + a +
         "body), 0), " + a + "payload IS NOT NULL, " + a + "content_type, " + a + "headers, " + a +
         "cause_id, " + a + "deliver_after, " + a + "deliver_before, outbox.slot(" + a + "key, " +
         id + "), " + only_destination;
}

std::int64_t ReadInt(const Rows& rows, int row, int column) {
  const std::string_view text = rows.Text(row, column);
  std::int64_t value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

std::optional<EventId> ReadOptionalInt(const Rows& rows, int row, int column) {
  if (rows.IsNull(row, column)) return std::nullopt;
  return ReadInt(rows, row, column);
}

std::optional<Timestamp> ReadOptionalTime(const Rows& rows, int row, int column) {
  if (rows.IsNull(row, column)) return std::nullopt;
  return sql_text::ParseTimestamp(rows.Text(row, column));
}

std::shared_ptr<Event> ReadEvent(const Rows& rows, int row, int column) {
  auto event = std::make_shared<Event>();
  int at = column;
  event->identity.id = ReadInt(rows, row, at++);
  event->identity.xid = ReadXid(rows, row, at++);
  event->identity.bucket = static_cast<std::int16_t>(ReadInt(rows, row, at++));
  event->identity.recorded_at = sql_text::ParseTimestamp(rows.Text(row, at++));
  event->topic = rows.Text(row, at++);
  event->key = ReadOptionalText(rows, row, at++);
  const int payload = at++;
  const int body = at++;
  event->body_bytes = static_cast<std::size_t>(ReadInt(rows, row, at++));
  event->body_is_payload = rows.Text(row, at++) == "t";
  event->body = rows.Text(row, payload);
  if (const std::string_view hex = rows.Text(row, body); !hex.empty()) event->body = FromHex(hex);
  event->body_deferred = event->body.size() < event->body_bytes;
  event->content_type = ReadOptionalText(rows, row, at++);
  event->headers = rows.Text(row, at++);
  event->cause_id = ReadOptionalInt(rows, row, at++);
  event->deliver_after = ReadOptionalTime(rows, row, at++);
  event->deliver_before = ReadOptionalTime(rows, row, at++);
  event->slot = static_cast<std::int32_t>(ReadInt(rows, row, at++));
  if (const auto destination = ReadOptionalInt(rows, row, at++)) {
    event->only_destination = static_cast<DestinationId>(*destination);
  }
  return event;
}

}  // namespace postrider
