#include "rfc3339.h"

#include <chrono>
#include <cstdio>
#include <string_view>

namespace postrider {
namespace {

using std::chrono::day;
using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::month;
using std::chrono::year;

/// `Z`, `+hh:mm` or `-hh:mm`, as what has to be added to get to UTC.
std::optional<minutes> ZoneShift(const std::string& text) {
  if (text == "Z" || text == "z") return minutes(0);
  int hour = 0;
  int minute = 0;
  int end = 0;
  if (text.size() != 6 || (text[0] != '+' && text[0] != '-') ||
      std::sscanf(text.c_str() + 1, "%2d:%2d%n", &hour, &minute, &end) != 2 || end != 5) {
    return std::nullopt;
  }
  const minutes shift = hours(hour) + minutes(minute);
  return text[0] == '-' ? shift : -shift;
}

}  // namespace

std::optional<Timestamp> ParseRfc3339(const std::string& text) {
  int y = 0;
  unsigned m = 0;
  unsigned d = 0;
  int h = 0;
  int min = 0;
  int s = 0;
  char between = 0;
  int end = 0;
  if (std::sscanf(text.c_str(), "%4d-%2u-%2u%c%2d:%2d:%2d%n", &y, &m, &d, &between, &h, &min, &s,
                  &end) != 7 ||
      std::string_view("Tt ").find(between) == std::string_view::npos) {
    return std::nullopt;
  }
  auto rest = static_cast<std::size_t>(end);
  if (rest < text.size() && text[rest] == '.') {
    rest = text.find_first_not_of("0123456789", rest + 1);
    if (rest == std::string::npos) return std::nullopt;
  }
  const auto shift = ZoneShift(text.substr(rest));
  const std::chrono::year_month_day date = year(y) / month(m) / day(d);
  if (!shift || !date.ok() || h > 23 || min > 59 || s > 60) return std::nullopt;
  return std::chrono::sys_days(date) + hours(h) + minutes(min) + seconds(s) + *shift;
}

}  // namespace postrider
