#pragma once

#include <string>
#include <vector>

#include "commands/json_output.h"

namespace postrider {

/// How a value of a row is shown. Null is `-` in each.
enum class Format {
  kText,
  kShort,     ///< text, cut to 60 columns
  kNumber,    ///< aligned to the right
  kTime,      ///< a time in UTC, to the second
  kDuration,  ///< a number of seconds
};

struct Column {
  const char* key;  ///< of the row
  const char* title;
  Format format = Format::kText;
};

/// One value as text for people, safe for a terminal.
std::string CellText(const Json& row, const Column& column);

/// Rows under a line of titles, columns aligned, ending in a line break.
/// @param rows  an array of objects; a key that is missing is shown like null
std::string RenderTable(const Json& rows, const std::vector<Column>& columns);

/// One row as `title  value` lines, without those that are null.
std::string RenderFields(const Json& row, const std::vector<Column>& columns);

}  // namespace postrider
