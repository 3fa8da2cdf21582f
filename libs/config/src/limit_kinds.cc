#include "limit_kinds.h"

#include <algorithm>
#include <chrono>

namespace postrider {
namespace {

constexpr int kMostRequests = 1'000'000;
constexpr milliseconds kLongestWindow = std::chrono::hours(24 * 30);
constexpr IntegerKind kCalls{1, 100'000};
constexpr DurationKind kTime{seconds(1), std::chrono::hours(1)};

}  // namespace

void RateKind::Read(const Value& value, RateWindow& out) const {
  const auto text = value.Text(Allowed());
  if (!text) return;
  const auto rate = ParseRate(*text);
  if (!rate || rate->count > kMostRequests || rate->length > kLongestWindow) {
    return value.Expect(Allowed());
  }
  out = *rate;
}

std::string RateKind::Allowed() const {
  return "a rate (10/s, 100/min, 5/h, 1000/d, 3/90s) of 1 to 1000000 in at most 30d";
}

void RatesKind::Read(const Value& value, std::vector<RateWindow>& out) const {
  if (value.IsScalar() && ParseBoolean(value.RawText()) == false) return out.clear();
  if (!value.IsList() && !value.IsScalar()) return value.Expect(Allowed());
  std::vector<RateWindow> rates;
  for (const Value& item : value.IsList() ? value.Items() : std::vector<Value>{value}) {
    RateWindow rate{0, milliseconds(0)};
    RateKind().Read(item, rate);
    if (rate.count == 0) continue;
    const auto same = std::find_if(rates.begin(), rates.end(), [&](const RateWindow& former) {
      return former.length == rate.length;
    });
    if (same == rates.end()) {
      rates.push_back(rate);
    } else {
      item.Error("found " + RateText(rate) + " beside " + RateText(*same) +
                 ", allowed: one rate for each length");
    }
  }
  out = std::move(rates);
}

std::optional<std::string> RatesKind::Show(const std::vector<RateWindow>& rates) const {
  std::vector<std::string> texts;
  for (const RateWindow& rate : rates) texts.push_back(RateText(rate));
  return "[" + Join(texts) + "]";
}

std::string RatesKind::Allowed() const {
  return "a list of rates such as [10/s, 100/min], each of 1 to 1000000 in at most 30d, or false";
}

std::string RatesKind::Schema() const {
  return SchemaOrFalse(R"({"type": "array", "items": {"$ref": "#/$defs/rate"}}, )" +
                       SchemaReference("rate"));
}

std::string SchemaOrFalse(const std::string& schema) {
  return R"({"anyOf": [)" + schema + R"(, {"enum": [false, "false", "no", "off"]}]})";
}

void CallWindowKind::Read(const Value& value, std::variant<int, seconds>& out) const {
  const auto text = value.Text(Allowed());
  if (!text) return;
  const auto number = ParseInteger(*text);
  const auto time = ParseDuration(*text);
  if (number && *number >= kCalls.least && *number <= kCalls.most) {
    out = static_cast<int>(*number);
  } else if (!number && time && *time >= kTime.least && *time <= kTime.most &&
             *time % seconds(1) == milliseconds(0)) {
    out = std::chrono::duration_cast<seconds>(*time);
  } else {
    value.Expect(Allowed());
  }
}

std::optional<std::string> CallWindowKind::Show(const std::variant<int, seconds>& window) const {
  if (const int* const calls = std::get_if<int>(&window)) return std::to_string(*calls);
  return DurationSettingText(std::get<seconds>(window));
}

std::string CallWindowKind::Allowed() const {
  return "a number of calls from 1 to 100000, or a duration from 1s to 1h in whole seconds";
}

std::string CallWindowKind::Schema() const {
  return R"({"anyOf": [{"type": "integer", "minimum": 1, "maximum": 100000}, )" +
         SchemaReference("duration") + "]}";
}

}  // namespace postrider
