#include "field_text.h"

#include <array>
#include <charconv>
#include <cmath>

namespace postrider {
namespace {

constexpr std::string_view kHexDigits = "0123456789abcdef";

void AppendHex(std::string& out, unsigned char byte) {
  out += kHexDigits[byte >> 4];
  out += kHexDigits[byte & 15];
}

bool IsContinuation(std::string_view text, std::size_t at) {
  return at < text.size() && (static_cast<unsigned char>(text[at]) & 0xC0) == 0x80;
}

/// Length of the UTF-8 character at the beginning of `text`, or 0 when there is none (RFC 3629:
/// no overlong forms, no surrogates, nothing above U+10FFFF).
std::size_t CharacterLength(std::string_view text) {
  const auto first = static_cast<unsigned char>(text[0]);
  if (first < 0x80) return 1;
  const std::size_t length = first < 0xC2 ? 0 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4;
  if (length == 0 || first > 0xF4) return 0;
  for (std::size_t i = 1; i < length; ++i) {
    if (!IsContinuation(text, i)) return 0;
  }
  const auto second = static_cast<unsigned char>(text[1]);
  const bool wrong = (first == 0xE0 && second < 0xA0) || (first == 0xED && second > 0x9F) ||
                     (first == 0xF0 && second < 0x90) || (first == 0xF4 && second > 0x8F);
  return wrong ? 0 : length;
}

/// U+0080 .. U+009F: terminals take them for commands.
bool IsC1Control(std::string_view character) {
  return character.size() == 2 && character[0] == '\xC2' &&
         static_cast<unsigned char>(character[1]) < 0xA0;
}

/// Calls `good(character)` and `bad(byte)`; control characters are bad. Cuts what is too long.
template <typename Good, typename Bad>
void ForEachCharacter(std::string_view text, Good good, Bad bad) {
  std::size_t at = 0;
  while (at < text.size() && at < kMaxValueBytes) {
    const std::size_t length = CharacterLength(text.substr(at));
    const std::string_view character = text.substr(at, length == 0 ? 1 : length);
    const auto first = static_cast<unsigned char>(character[0]);
    if (length == 0 || first < 0x20 || first == 0x7F || IsC1Control(character)) {
      for (const char byte : character) bad(static_cast<unsigned char>(byte));
    } else {
      good(character);
    }
    at += character.size();
  }
  if (at < text.size()) good("... (" + std::to_string(text.size() - at) + " more bytes)");
}

void AppendJsonEscape(std::string& line, unsigned char byte) {
  switch (byte) {
    case '\n': line += "\\n"; return;
    case '\r': line += "\\r"; return;
    case '\t': line += "\\t"; return;
    default: break;
  }
  line += byte < 0x80 ? "\\u00" : "\\\\x";
  AppendHex(line, byte);
}

void AppendPlainEscape(std::string& line, unsigned char byte) {
  switch (byte) {
    case '\n': line += "\\n"; return;
    case '\r': line += "\\r"; return;
    case '\t': line += "\\t"; return;
    default: break;
  }
  line += "\\x";
  AppendHex(line, byte);
}

std::string NumberText(double number) {
  std::array<char, 32> buffer{};
  const auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), number).ptr;
  return {buffer.data(), end};
}

}  // namespace

void AppendJsonString(std::string& line, std::string_view text) {
  line += '"';
  ForEachCharacter(
      text,
      [&line](std::string_view character) {
        if (character == "\"" || character == "\\") line += '\\';
        line += character;
      },
      [&line](unsigned char byte) { AppendJsonEscape(line, byte); });
  line += '"';
}

void AppendJsonValue(std::string& line, const Field::Value& value) {
  if (const auto* text = std::get_if<std::string_view>(&value)) {
    AppendJsonString(line, *text);
  } else if (const auto* number = std::get_if<double>(&value)) {
    // JSON has no infinity and no NaN.
    line += std::isfinite(*number) ? NumberText(*number) : '"' + NumberText(*number) + '"';
  } else {
    AppendPlainValue(line, value);
  }
}

void AppendPlain(std::string& line, std::string_view text) {
  ForEachCharacter(
      text, [&line](std::string_view character) { line += character; },
      [&line](unsigned char byte) { AppendPlainEscape(line, byte); });
}

void AppendPlainValue(std::string& line, const Field::Value& value) {
  if (const auto* text = std::get_if<std::string_view>(&value)) {
    const bool quoted = text->empty() || text->find_first_of(" \"=") != std::string_view::npos;
    if (quoted) line += '"';
    ForEachCharacter(
        *text,
        [&line, quoted](std::string_view character) {
          if (quoted && (character == "\"" || character == "\\")) line += '\\';
          line += character;
        },
        [&line](unsigned char byte) { AppendPlainEscape(line, byte); });
    if (quoted) line += '"';
  } else if (const auto* integer = std::get_if<std::int64_t>(&value)) {
    line += std::to_string(*integer);
  } else if (const auto* number = std::get_if<double>(&value)) {
    line += NumberText(*number);
  } else {
    line += std::get<bool>(value) ? "true" : "false";
  }
}

}  // namespace postrider
