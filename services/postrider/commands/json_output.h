#pragma once

#include <nlohmann/json_fwd.hpp>

namespace postrider {

/// Keeps the order of keys, which is that of the SQL columns.
using Json = nlohmann::ordered_json;

/// Prints a value to standard output, indented, with a line break at the end.
void PrintJson(const Json& value);

/// Prints rows as `{"items": [...]}`.
void PrintItems(const Json& rows);

}  // namespace postrider
