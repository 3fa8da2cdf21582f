#include "commands/readable.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <utility>

namespace postrider {
namespace {

struct Range {
  char32_t first;
  char32_t last;
};

// Combining marks, joiners and variation selectors.
constexpr std::array<Range, 5> kZeroWidth{{
    {0x0300, 0x036F},
    {0x200B, 0x200F},
    {0x20D0, 0x20FF},
    {0xFE00, 0xFE0F},
    {0xFE20, 0xFE2F},
}};

// East Asian Width W and F in large blocks, and emoji.
constexpr std::array<Range, 10> kWide{{
    {0x1100, 0x115F},
    {0x2E80, 0x303E},
    {0x3041, 0xA4CF},
    {0xA960, 0xA97C},
    {0xAC00, 0xD7A3},
    {0xF900, 0xFAFF},
    {0xFE30, 0xFE6F},
    {0xFF00, 0xFF60},
    {0x1F300, 0x1FAFF},
    {0x20000, 0x3FFFD},
}};

template <std::size_t n>
bool In(const std::array<Range, n>& ranges, char32_t c) {
  return std::any_of(ranges.begin(), ranges.end(),
                     [c](const Range& range) { return c >= range.first && c <= range.last; });
}

std::size_t WidthOf(char32_t c) { return In(kZeroWidth, c) ? 0 : In(kWide, c) ? 2 : 1; }

/// Takes the first character off. A byte that begins none is a character by itself.
std::pair<char32_t, std::string_view> Next(std::string_view& text) {
  const auto first = static_cast<unsigned char>(text.front());
  const std::size_t length = first < 0xC0 ? 1 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4;
  char32_t c = length == 1 ? first : first & (0x7FU >> length);
  std::size_t taken = 1;
  for (; taken < length && taken < text.size(); ++taken) {
    const auto byte = static_cast<unsigned char>(text[taken]);
    if ((byte & 0xC0) != 0x80) break;
    c = (c << 6) | (byte & 0x3F);
  }
  const std::string_view bytes = text.substr(0, taken);
  text.remove_prefix(taken);
  return {c, bytes};
}

std::string Escaped(char32_t c) {
  if (c == '\n') return "\\n";
  if (c == '\t') return "\\t";
  if (c == '\r') return "\\r";
  static constexpr char kHex[] = "0123456789abcdef";
  return std::string("\\x") + kHex[(c >> 4) & 15] + kHex[c & 15];
}

}  // namespace

std::string TimeText(std::string_view json_time) {
  constexpr std::string_view kUtc = "+00:00";
  if (json_time.size() < 25 || !json_time.ends_with(kUtc)) return std::string(json_time);
  return std::string(json_time.substr(0, 19)) + "Z";
}

std::string DurationText(std::chrono::milliseconds duration) {
  const std::int64_t ms = std::max<std::int64_t>(duration.count(), 0);
  if (ms < 1000) return ms == 0 ? "0s" : std::to_string(ms) + "ms";
  constexpr std::array<std::pair<std::int64_t, const char*>, 4> kUnits{
      {{86400, "d"}, {3600, "h"}, {60, "m"}, {1, "s"}}};
  const std::int64_t whole = ms / 1000;
  for (std::size_t i = 0; i < kUnits.size(); ++i) {
    const auto [size, unit] = kUnits[i];
    if (whole < size) continue;
    std::string text = std::to_string(whole / size) + unit;
    if (i + 1 == kUnits.size()) return text;
    const auto [smaller, smaller_unit] = kUnits[i + 1];
    const std::int64_t rest = whole % size / smaller;
    return rest == 0 ? text : text + " " + std::to_string(rest) + smaller_unit;
  }
  return "0s";
}

std::string Printable(std::string_view text) {
  std::string printable;
  printable.reserve(text.size());
  while (!text.empty()) {
    const auto [c, bytes] = Next(text);
    const bool control = c < 0x20 || (c >= 0x7F && c < 0xA0);
    if (control) {
      printable += Escaped(c);
    } else {
      printable += bytes;
    }
  }
  return printable;
}

std::size_t DisplayWidth(std::string_view text) {
  std::size_t width = 0;
  while (!text.empty()) width += WidthOf(Next(text).first);
  return width;
}

std::string Shortened(std::string_view text, std::size_t width) {
  if (DisplayWidth(text) <= width) return std::string(text);
  std::string kept;
  std::size_t used = 1;  // the ellipsis
  while (!text.empty()) {
    const auto [c, bytes] = Next(text);
    used += WidthOf(c);
    if (used > width) break;
    kept += bytes;
  }
  return kept + "…";
}

}  // namespace postrider
