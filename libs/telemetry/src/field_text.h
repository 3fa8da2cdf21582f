#pragma once

#include <string>
#include <string_view>

#include "postrider/telemetry/log.h"

namespace postrider {

/// Longer values are cut at a character's end and say by how many bytes.
inline constexpr std::size_t kMaxValueBytes = 4096;

/// Appends a JSON string, quotes included. Bytes that are not UTF-8 come out as the text `\xNN`,
/// so the result is always valid JSON in valid UTF-8.
void AppendJsonString(std::string& line, std::string_view text);
void AppendJsonValue(std::string& line, const Field::Value& value);

/// Appends text for a terminal: no control character gets through.
void AppendPlain(std::string& line, std::string_view text);
/// As AppendPlain, in double quotes when the value is empty or holds spaces, quotes or `=`.
void AppendPlainValue(std::string& line, const Field::Value& value);

}  // namespace postrider
