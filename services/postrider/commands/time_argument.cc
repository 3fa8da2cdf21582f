#include "commands/time_argument.h"

#include <array>
#include <charconv>
#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>

#include "commands/command_error.h"
#include "commands/command_line.h"

namespace postrider {
namespace {

constexpr std::int64_t kLongestMs = std::int64_t{100} * 365 * 86400 * 1000;

std::optional<std::chrono::milliseconds> DurationFrom(std::string_view text) {
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  const std::string_view unit = text.substr(static_cast<std::size_t>(end - text.data()));
  constexpr std::array<std::pair<std::string_view, std::int64_t>, 5> kUnits{
      {{"ms", 1}, {"s", 1000}, {"m", 60'000}, {"h", 3'600'000}, {"d", 86'400'000}}};
  for (const auto& [name, scale] : kUnits) {
    if (error != std::errc() || unit != name) continue;
    if (number <= 0 || number > kLongestMs / scale) return std::nullopt;
    return std::chrono::milliseconds(number * scale);
  }
  return std::nullopt;
}

/// Reads from the front of a text what it is asked for; any mismatch makes it fail for good.
class Reader {
 public:
  explicit Reader(std::string_view text) : text_(text) {}

  int Digits(std::size_t count, int least, int most) {
    int number = 0;
    for (std::size_t i = 0; i < count; ++i) number = number * 10 + Digit();
    if (number < least || number > most) failed_ = true;
    return number;
  }
  bool Take(std::string_view one_of) {
    if (text_.empty() || one_of.find(text_.front()) == std::string_view::npos) return false;
    text_.remove_prefix(1);
    return true;
  }
  void Expect(std::string_view one_of) { failed_ |= !Take(one_of); }
  bool AtEnd() const { return text_.empty(); }
  bool failed() const { return failed_; }

 private:
  int Digit() {
    const char digit = text_.empty() ? '\0' : text_.front();
    if (!Take("0123456789")) {
      failed_ = true;
      return 0;
    }
    return digit - '0';
  }

  std::string_view text_;
  bool failed_ = false;
};

void ReadDate(Reader& reader, bool& exists) {
  const int year = reader.Digits(4, 1, 9999);
  reader.Expect("-");
  const int month = reader.Digits(2, 1, 12);
  reader.Expect("-");
  const int day = reader.Digits(2, 1, 31);
  exists = std::chrono::year_month_day(std::chrono::year(year),
                                       std::chrono::month(static_cast<unsigned>(month)),
                                       std::chrono::day(static_cast<unsigned>(day)))
               .ok();
}

void ReadTimeOfDay(Reader& reader) {
  reader.Digits(2, 0, 23);
  reader.Expect(":");
  reader.Digits(2, 0, 59);
  if (reader.Take(":")) {
    reader.Digits(2, 0, 60);
    if (reader.Take(".")) {
      reader.Expect("0123456789");
      while (reader.Take("0123456789")) {
      }
    }
  }
  if (reader.AtEnd() || reader.Take("Zz")) return;  // without an offset: UTC
  reader.Expect("+-");
  reader.Digits(2, 0, 15);
  reader.Expect(":");
  reader.Digits(2, 0, 59);
}

bool IsTime(std::string_view text) {
  Reader reader(text);
  bool exists = false;
  ReadDate(reader, exists);
  if (!reader.AtEnd()) {
    reader.Expect("Tt ");
    ReadTimeOfDay(reader);
  }
  return exists && !reader.failed() && reader.AtEnd();
}

}  // namespace

std::chrono::milliseconds ParseDuration(const std::string& option, const std::string& text) {
  const auto duration = DurationFrom(text);
  if (duration) return *duration;
  throw CommandError(kExitUsage, option + ": '" + text + "' is not a duration",
                     "Write for example 90s, 15m, 6h or 3d.");
}

std::string TimeExpression(const std::string& option, const std::string& text) {
  if (text == "now") return "now()";
  if (const auto ago = DurationFrom(text)) {
    return "now() - interval '" + std::to_string(ago->count()) + " ms'";
  }
  if (IsTime(text)) return "timestamptz '" + text + "'";
  throw CommandError(kExitUsage, option + ": '" + text + "' is not a time",
                     "Write a time such as 2026-01-31T12:00:00Z, a date such as 2026-01-31 (UTC), "
                     "or how long ago: 15m, 2h, 3d.");
}

}  // namespace postrider
