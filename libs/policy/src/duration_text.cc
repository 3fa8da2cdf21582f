#include "duration_text.h"

#include <array>
#include <cstdint>
#include <utility>

namespace postrider {
namespace {

/// `1.25s` for 1250 ms; without a fraction where there is none.
std::string SecondsText(std::int64_t ms) {
  std::string text = std::to_string(ms / 1000);
  if (const std::int64_t rest = ms % 1000; rest != 0) {
    std::string fraction = std::to_string(1000 + rest).substr(1);
    fraction.erase(fraction.find_last_not_of('0') + 1);
    text += '.' + fraction;
  }
  return text + 's';
}

}  // namespace

std::string ReadableDuration(milliseconds duration) {
  const std::int64_t ms = duration.count();
  if (ms == 0) return "0s";
  if (ms < 1000) return std::to_string(ms) + "ms";
  if (ms < 60 * 1000) return SecondsText(ms);
  constexpr std::array<std::pair<std::int64_t, char>, 4> kUnits{
      {{86400, 'd'}, {3600, 'h'}, {60, 'm'}, {1, 's'}}};
  std::int64_t left = (ms + 500) / 1000;
  std::string text;
  for (const auto& [size, unit] : kUnits) {
    const std::int64_t count = left / size;
    left %= size;
    if (count == 0) continue;
    if (!text.empty()) text += ' ';
    text += std::to_string(count) + unit;
  }
  return text;
}

}  // namespace postrider
