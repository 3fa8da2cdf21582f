#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "postrider/model/snapshot.h"
#include "postrider/model/time.h"

/// SQL as text: everything the relay sends is a string of the simple protocol, so that several
/// statements with their settings are one round trip and one transaction.
namespace postrider::sql_text {

/// A string literal, safe with standard_conforming_strings. NUL bytes are dropped.
std::string Quote(std::string_view text);
/// `'\x..'::bytea`.
std::string QuoteBytes(std::string_view bytes);
std::string Quote(const Snapshot& snapshot);  ///< ends in ::pg_snapshot
std::string Quote(Timestamp time);            ///< ends in ::timestamptz; kNever is infinity
std::string QuoteXid(Xid xid);                ///< ends in ::xid8

/// The text without NUL bytes and with U+FFFD for what is not UTF-8.
std::string CleanUtf8(std::string_view text);

/// Times as PostgreSQL prints them with DateStyle ISO in UTC. Those before our era are
/// Timestamp::min(), those after the year 9999 kNever. Throws std::invalid_argument.
Timestamp ParseTimestamp(std::string_view text);
std::string FormatTimestamp(Timestamp time);

/// Builds an array literal such as '{1,2,NULL}'.
class ArrayLiteral {
 public:
  void Add(std::int64_t value);
  void Add(std::uint64_t value);
  void Add(bool value);
  void Add(Timestamp value);
  void Add(const std::optional<Timestamp>& value);
  void AddText(std::string_view text);  ///< cleaned
  void AddTextOrNull(std::string_view text);
  void AddBytes(std::string_view bytes);
  void AddNull();
  /// @param type  of the elements, e.g. `int8`
  std::string As(std::string_view type) const;

  std::size_t size() const { return size_; }
  /// Every element is the same, null included; true when there is none.
  bool uniform() const { return uniform_; }
  /// The first element by itself.
  std::string First(std::string_view type) const;

 private:
  void Begin();
  void End();
  template <typename Number>
  void AddNumber(Number value);
  std::string text_;
  std::size_t begin_ = 0;  ///< of the last element
  std::size_t first_end_ = 0;
  std::size_t size_ = 0;
  bool uniform_ = true;
};

/// The settings under which every reading statement runs; see docs/protocols.md, "The planner".
std::string ReadSettings();

}  // namespace postrider::sql_text
