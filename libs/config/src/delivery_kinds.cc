#include "delivery_kinds.h"

#include <algorithm>
#include <utility>
#include <vector>

namespace postrider {
namespace {

constexpr std::string_view kStatus = "a status such as 404, 40x or 4xx";
constexpr std::size_t kLongestSchedule = 1000;
constexpr DurationKind kWait{milliseconds(1), std::chrono::hours(24 * 30)};

/// The good ones of a list; the others are reported.
std::vector<std::string> ReadStatuses(const Value& list) {
  std::vector<std::string> statuses;
  for (const Value& item : list.Items()) {
    const auto text = item.Text(kStatus);
    if (!text) continue;
    if (!IsStatusPattern(*text)) {
      item.Expect(kStatus);
    } else {
      statuses.push_back(*text);
    }
  }
  return statuses;
}

}  // namespace

bool IsStatusPattern(std::string_view text) {
  if (text.size() != 3 || text[0] < '1' || text[0] > '9') return false;
  const auto is_digit = [](char letter) { return letter >= '0' && letter <= '9'; };
  if (text[1] == 'x') return text[2] == 'x';
  return is_digit(text[1]) && (is_digit(text[2]) || text[2] == 'x');
}

bool StatusMatches(std::string_view pattern, int status) {
  const std::string text = std::to_string(status);
  return std::equal(pattern.begin(), pattern.end(), text.begin(), text.end(),
                    [](char wanted, char found) { return wanted == 'x' || wanted == found; });
}

VerdictKind MeaningOf(int status, const std::vector<StatusRule>& rules) {
  VerdictKind meaning = VerdictKind::kRetry;
  std::ptrdiff_t fewest_x = 3;
  for (const StatusRule& rule : rules) {
    const auto x = std::count(rule.pattern.begin(), rule.pattern.end(), 'x');
    if (x >= fewest_x || !StatusMatches(rule.pattern, status)) continue;
    fewest_x = x;
    meaning = rule.verdict;
  }
  return meaning;
}

void StatusListKind::Read(const Value& value, std::vector<std::string>& out) const {
  const bool good = value.IsList() && (may_be_empty || !value.Items().empty());
  if (!good) return value.Expect(Allowed());
  out = ReadStatuses(value);
}

std::optional<std::string> StatusListKind::Show(const std::vector<std::string>& statuses) const {
  return "[" + Join(statuses) + "]";
}

std::string StatusListKind::Allowed() const {
  if (may_be_empty) return "a list of statuses such as [404, 410], which may be empty";
  return "a list of statuses such as [200, 20x, 2xx], at least one";
}

std::string StatusListKind::Schema() const {
  const std::string least = may_be_empty ? "" : R"("minItems": 1, )";
  return R"({"type": "array", )" + least + R"("items": {"$ref": "#/$defs/status"}})";
}

void StatusesKind::Read(const Value& value, VerdictSettings& out) const {
  if (!value.IsList()) return value.Expect(Allowed());
  std::vector<std::string> statuses = ReadStatuses(value);
  std::erase_if(out.rules, [&](const StatusRule& rule) {
    return rule.verdict == verdict ||
           std::find(statuses.begin(), statuses.end(), rule.pattern) != statuses.end();
  });
  for (auto& status : statuses) out.rules.push_back({std::move(status), verdict});
}

std::optional<std::string> StatusesKind::Show(const VerdictSettings& settings) const {
  std::vector<std::string> statuses;
  for (const auto& rule : settings.rules) {
    if (rule.verdict == verdict) statuses.push_back(rule.pattern);
  }
  return "[" + Join(statuses) + "]";
}

std::string StatusesKind::Allowed() const { return "a list of statuses such as [404, 40x, 4xx]"; }

std::string StatusesKind::Schema() const {
  return R"({"type": "array", "items": {"$ref": "#/$defs/status"}})";
}

void ScheduleKind::Read(const Value& value, RetrySettings& out) const {
  if (!value.IsList()) return value.Expect(Allowed());
  const auto items = value.Items();
  if (items.empty() || items.size() > kLongestSchedule) {
    return value.Error("found " + std::to_string(items.size()) + " waits, allowed: 1 to 1000");
  }
  std::vector<milliseconds> schedule;
  for (const Value& item : items) {
    milliseconds wait{0};
    kWait.Read(item, wait);
    schedule.push_back(wait);
  }
  out.attempts = static_cast<int>(schedule.size()) + 1;
  out.schedule = std::move(schedule);
}

std::optional<std::string> ScheduleKind::Show(const RetrySettings& retries) const {
  if (retries.schedule.empty()) return std::nullopt;
  std::vector<std::string> waits;
  for (const auto wait : retries.schedule) waits.push_back(DurationSettingText(wait));
  return "[" + Join(waits) + "]";
}

std::string ScheduleKind::Allowed() const {
  return "a list of durations, such as [5s, 30s, 5m], each from 1ms to 30d";
}

std::string ScheduleKind::Schema() const {
  return R"({"type": "array", "minItems": 1, "maxItems": 1000, "items": {"$ref": "#/$defs/duration"}})";
}

}  // namespace postrider
