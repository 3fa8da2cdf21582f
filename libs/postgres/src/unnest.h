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

  /// `name AS MATERIALIZED (SELECT columns FROM unnest(...) AS t (...))`
  std::string Sql() const {
    std::string arrays;
    std::string names;
    std::string selected;
    for (std::size_t i = 0; i < kColumns; ++i) {
      if (i > 0) selected += ", ";
      const std::string name(columns_[i].name);
      // Something has to say how many rows there are.
      if (arrays_[i].uniform() && (i > 0 || arrays_[0].size() == 1)) {
        selected += arrays_[i].First(columns_[i].type) + " AS " + name;
        continue;
      }
      if (!names.empty()) arrays += ", ", names += ", ";
      arrays += arrays_[i].As(columns_[i].type);
      names += name;
      selected += name;
    }
    const std::string from =
        names.empty() ? "" : " FROM unnest(" + arrays + ") AS t (" + names + ")";
    return std::string(name_) + " AS MATERIALIZED (SELECT " + selected + from + ")";
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
