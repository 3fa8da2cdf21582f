#include "postrider/policy/http_date.h"

#include <algorithm>
#include <array>
#include <cstddef>

namespace postrider {
namespace {

using Names = std::array<std::string_view, 12>;

constexpr Names kMonths{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                        "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
constexpr std::array<std::string_view, 7> kDays{"Monday", "Tuesday",  "Wednesday", "Thursday",
                                                "Friday", "Saturday", "Sunday"};

/// Takes pieces off the front of a text. Once a piece is not there, nothing is any more.
class Reader {
 public:
  explicit Reader(std::string_view text) : rest_(text) {}

  bool AtEnd() const { return ok_ && rest_.empty(); }
  bool StartsWith(std::string_view text) const { return ok_ && rest_.starts_with(text); }

  void Literal(std::string_view text) {
    ok_ = StartsWith(text);
    if (ok_) rest_.remove_prefix(text.size());
  }

  int Number(std::size_t digits) {
    ok_ = ok_ && rest_.size() >= digits;
    int number = 0;
    for (std::size_t i = 0; ok_ && i < digits; ++i) {
      ok_ = rest_[i] >= '0' && rest_[i] <= '9';
      number = number * 10 + (rest_[i] - '0');
    }
    if (ok_) rest_.remove_prefix(digits);
    return number;
  }

  unsigned Month() {
    for (unsigned month = 0; month < kMonths.size(); ++month) {
      if (!StartsWith(kMonths[month])) continue;
      Literal(kMonths[month]);
      return month + 1;
    }
    ok_ = false;
    return 0;
  }

  /// `Sun` or, if it is there in full, `Sunday`. True when it was in full.
  bool Weekday() {
    for (const std::string_view day : kDays) {
      if (!StartsWith(day.substr(0, 3))) continue;
      const bool in_full = StartsWith(day);
      Literal(in_full ? day : day.substr(0, 3));
      return in_full;
    }
    ok_ = false;
    return false;
  }

 private:
  std::string_view rest_;
  bool ok_ = true;
};

struct Parts {
  int year = 0;
  unsigned month = 0;
  int day = 0;
  int hour = 0;
  int minute = 0;
  int second = 0;
};

void ReadTime(Reader& reader, Parts& parts) {
  parts.hour = reader.Number(2);
  reader.Literal(":");
  parts.minute = reader.Number(2);
  reader.Literal(":");
  parts.second = reader.Number(2);
}

/// After `Sun, ` or `Sunday, `.
void ReadDate(Reader& reader, bool rfc850, Parts& parts) {
  const std::string_view separator = rfc850 ? "-" : " ";
  parts.day = reader.Number(2);
  reader.Literal(separator);
  parts.month = reader.Month();
  reader.Literal(separator);
  parts.year = reader.Number(rfc850 ? 2 : 4);
  reader.Literal(" ");
  ReadTime(reader, parts);
  reader.Literal(" GMT");
}

/// After `Sun `.
void ReadAsctime(Reader& reader, Parts& parts) {
  parts.month = reader.Month();
  reader.Literal(" ");
  const bool one_digit = reader.StartsWith(" ");
  if (one_digit) reader.Literal(" ");
  parts.day = reader.Number(one_digit ? 1 : 2);
  reader.Literal(" ");
  ReadTime(reader, parts);
  reader.Literal(" ");
  parts.year = reader.Number(4);
}

int FullYear(int two_digits, std::chrono::sys_seconds now) {
  const std::chrono::year_month_day today(std::chrono::floor<std::chrono::days>(now));
  const int present = static_cast<int>(today.year());
  const int year = present - present % 100 + two_digits;
  if (year > present + 50) return year - 100;
  return year + 50 <= present ? year + 100 : year;
}

std::optional<std::chrono::sys_seconds> ToTime(const Parts& parts) {
  const auto day = static_cast<unsigned>(parts.day);
  const std::chrono::year_month_day date(std::chrono::year(parts.year),
                                         std::chrono::month(parts.month), std::chrono::day(day));
  if (!date.ok() || parts.hour > 23 || parts.minute > 59 || parts.second > 60) return std::nullopt;
  return std::chrono::sys_days(date) + std::chrono::hours(parts.hour) +
         std::chrono::minutes(parts.minute) + std::chrono::seconds(std::min(parts.second, 59));
}

}  // namespace

std::optional<std::chrono::sys_seconds> ParseHttpDate(std::string_view text,
                                                      std::chrono::sys_seconds now) {
  Reader reader(text);
  Parts parts;
  const bool rfc850 = reader.Weekday();
  if (rfc850 || reader.StartsWith(",")) {
    reader.Literal(", ");
    ReadDate(reader, rfc850, parts);
    if (rfc850) parts.year = FullYear(parts.year, now);
  } else {
    reader.Literal(" ");
    ReadAsctime(reader, parts);
  }
  if (!reader.AtEnd()) return std::nullopt;
  return ToTime(parts);
}

}  // namespace postrider
