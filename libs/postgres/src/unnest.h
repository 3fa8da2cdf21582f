#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "sql_text.h"

namespace postrider {

/// Text of which the empty one means null.
struct TextOrNull {
  std::string_view text;
};
/// A value of type bytea; nullopt is null.
struct Bytes {
  std::optional<std::string_view> bytes;
};

/// Rows that travel in a statement as one array for each column, or as a single value where a
/// column is the same in all rows: most columns of a batch are.
template <std::size_t kColumns>
class Unnest {
 public:
  struct Column {
    std::string_view name;
    std::string_view type;
  };

  Unnest(std::string_view name, const std::array<Column, kColumns>& columns)
      : name_(name), columns_(columns) {}

  /// One value for each column, in their order.
  template <typename... Values>
  void Row(const Values&... values) {
    static_assert(sizeof...(Values) == kColumns);
    std::size_t column = 0;
    (Put(arrays_[column++], values), ...);
  }

  bool empty() const { return arrays_[0].size() == 0; }
  /// The literal of a column of which all rows have the same value; nullopt for others.
  std::optional<std::string> Uniform(std::size_t column) const {
    if (!arrays_[column].uniform()) return std::nullopt;
    return arrays_[column].First(columns_[column].type);
  }

  /// `name AS MATERIALIZED (SELECT unnest(...) AS column, ...)`
  std::string Sql() const {
    return std::string(name_) + " AS MATERIALIZED (SELECT " + Columns(0) + ")";
  }
  /// What selects the columns from `from` on. In the list of what is selected, because each array
  /// in FROM is first written into a store of its own.
  std::string Columns(std::size_t from) const {
    std::string selected;
    for (std::size_t i = from; i < kColumns; ++i) {
      if (i > from) selected += ", ";
      const std::string_view type = columns_[i].type;
      // Something has to say how many rows there are.
      const bool single = arrays_[i].uniform() && (i > 0 || arrays_[0].size() == 1);
      selected += single ? arrays_[i].First(type) : "unnest(" + arrays_[i].As(type) + ")";
      selected.append(" AS ").append(columns_[i].name);
    }
    return selected;
  }
  /// The values of a column as an array.
  std::string ArrayOf(std::size_t column) const {
    return arrays_[column].As(columns_[column].type);
  }

 private:
  using Array = sql_text::ArrayLiteral;

  template <typename Value>
  static void Put(Array& array, const Value& value) {
    if constexpr (std::is_same_v<Value, bool> || std::is_same_v<Value, Xid> ||
                  std::is_same_v<Value, Timestamp>) {
      array.Add(value);
    } else if constexpr (std::is_enum_v<Value>) {
      array.Add(static_cast<std::int64_t>(value));
    } else if constexpr (std::is_integral_v<Value>) {
      array.Add(static_cast<std::int64_t>(value));
    } else {
      array.AddText(value);
    }
  }
  template <typename Value>
  static void Put(Array& array, const std::optional<Value>& value) {
    value ? Put(array, *value) : array.AddNull();
  }
  static void Put(Array& array, const TextOrNull& value) { array.AddTextOrNull(value.text); }
  static void Put(Array& array, const Bytes& value) {
    value.bytes ? array.AddBytes(*value.bytes) : array.AddNull();
  }

  std::string_view name_;
  std::array<Column, kColumns> columns_;
  std::array<Array, kColumns> arrays_;
};

}  // namespace postrider
