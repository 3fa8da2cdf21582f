#include "postrider/policy/retry_after.h"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <string_view>
#include <system_error>

#include "postrider/policy/http_date.h"

namespace postrider {
namespace {

constexpr seconds kLeast{1};
constexpr seconds kMost{3600};

bool AreDigits(std::string_view text) {
  return !text.empty() &&
         std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

/// Of digits; `kMost` if there are more of them than fit.
seconds ParseSeconds(std::string_view text) {
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() ? seconds(number) : kMost;
}

/// The partner's own time, else ours.
std::chrono::sys_seconds PartnerNow(const HttpHeaders& headers, std::chrono::sys_seconds now) {
  for (const auto& [name, value] : headers) {
    if (name != "date") continue;
    if (const auto date = ParseHttpDate(value, now)) return *date;
  }
  return now;
}

}  // namespace

std::optional<milliseconds> RetryAfter(const HttpHeaders& headers, Timestamp now) {
  const auto our_now = std::chrono::floor<seconds>(now);
  std::optional<milliseconds> longest;
  for (const auto& [name, value] : headers) {
    if (name != "retry-after") continue;
    std::optional<seconds> asked;
    if (AreDigits(value)) {
      asked = ParseSeconds(value);
    } else if (const auto date = ParseHttpDate(value, our_now)) {
      asked = *date - PartnerNow(headers, our_now);
    }
    if (!asked) continue;
    const milliseconds bounded = std::clamp(*asked, kLeast, kMost);
    longest = std::max(longest.value_or(bounded), bounded);
  }
  return longest;
}

}  // namespace postrider
