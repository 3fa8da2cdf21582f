#include "quantities.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <cmath>
#include <iterator>
#include <limits>

namespace postrider {
namespace {

struct Unit {
  std::string_view name;
  std::int64_t factor;
};

// The largest first: it is the one to write.
constexpr std::array<Unit, 5> kDurations{
    {{"d", 86'400'000}, {"h", 3'600'000}, {"m", 60'000}, {"s", 1000}, {"ms", 1}}};
constexpr std::array<Unit, 4> kSizes{
    {{"GB", std::int64_t{1} << 30}, {"MB", 1 << 20}, {"KB", 1 << 10}, {"B", 1}}};

// What a rate may name by its unit alone; other lengths are durations.
constexpr std::array<Unit, 4> kRates{
    {{"s", 1000}, {"min", 60'000}, {"h", 3'600'000}, {"d", 86'400'000}}};

constexpr std::int64_t kMostMilliseconds = std::int64_t{365'000} * 86'400'000;
constexpr std::int64_t kMostBytes = std::int64_t{1} << 50;

bool IsDigits(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(),
                                      [](char letter) { return letter >= '0' && letter <= '9'; });
}

template <std::size_t kUnits>
std::optional<std::int64_t> Parse(std::string_view text, const std::array<Unit, kUnits>& units,
                                  std::int64_t most) {
  if (text == "0") return 0;
  const std::size_t end = std::min(text.find_first_not_of("0123456789"), text.size());
  const auto number = ParseInteger(text.substr(0, end));
  const auto unit = std::find_if(units.begin(), units.end(), [&](const Unit& candidate) {
    return candidate.name == text.substr(end);
  });
  if (!number || unit == units.end() || *number > most / unit->factor) return std::nullopt;
  return *number * unit->factor;
}

template <std::size_t kUnits>
std::string Write(std::int64_t value, const std::array<Unit, kUnits>& units) {
  if (value == 0) return "0";
  for (const Unit& unit : units) {
    if (value % unit.factor == 0) {
      return std::to_string(value / unit.factor) + std::string(unit.name);
    }
  }
  return {};
}

}  // namespace

std::optional<milliseconds> ParseDuration(std::string_view text) {
  const auto value = Parse(text, kDurations, kMostMilliseconds);
  if (!value) return std::nullopt;
  return milliseconds(*value);
}

std::string DurationSettingText(milliseconds duration) {
  return Write(duration.count(), kDurations);
}

std::optional<RateWindow> ParseRate(std::string_view text) {
  const std::size_t slash = text.find('/');
  if (slash == text.npos || !IsDigits(text.substr(0, slash))) return std::nullopt;
  const auto count = ParseInteger(text.substr(0, slash));
  const std::string_view length = text.substr(slash + 1);
  const auto unit = std::find_if(kRates.begin(), kRates.end(),
                                 [&](const Unit& candidate) { return candidate.name == length; });
  const auto time = unit != kRates.end() ? milliseconds(unit->factor) : ParseDuration(length);
  if (!count || *count < 1 || *count > std::numeric_limits<int>::max()) return std::nullopt;
  if (!time || *time <= milliseconds(0)) return std::nullopt;
  return RateWindow{static_cast<int>(*count), *time};
}

std::string RateText(const RateWindow& rate) {
  const auto unit = std::find_if(kRates.begin(), kRates.end(), [&](const Unit& candidate) {
    return candidate.factor == rate.length.count();
  });
  return std::to_string(rate.count) + "/" +
         (unit != kRates.end() ? std::string(unit->name) : DurationSettingText(rate.length));
}

std::optional<std::uint64_t> ParseSize(std::string_view text) {
  const auto value = Parse(text, kSizes, kMostBytes);
  if (!value) return std::nullopt;
  return static_cast<std::uint64_t>(*value);
}

std::string SizeText(std::uint64_t bytes) {
  return Write(static_cast<std::int64_t>(bytes), kSizes);
}

std::optional<std::int64_t> ParseInteger(std::string_view text) {
  if (!IsDigits(text.starts_with('-') ? text.substr(1) : text)) return std::nullopt;
  std::int64_t value = 0;
  const auto [end, fault] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (fault != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::optional<double> ParseDecimal(std::string_view text) {
  const std::size_t point = std::min(text.find('.'), text.size());
  const bool fraction = point < text.size();
  if (!IsDigits(text.substr(0, point)) || (fraction && !IsDigits(text.substr(point + 1)))) {
    return std::nullopt;
  }
  double value = 0;
  const auto [end, fault] =
      std::from_chars(text.data(), text.data() + text.size(), value, std::chars_format::fixed);
  if (fault != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::string DecimalText(double value) {
  std::array<char, 64> digits{};
  const auto [end, fault] = std::to_chars(digits.data(), digits.data() + digits.size(), value,
                                          std::chars_format::fixed, 4);
  std::string text(digits.data(), fault == std::errc{} ? end : digits.data());
  while (text.ends_with('0')) text.pop_back();
  if (text.ends_with('.')) text.pop_back();
  return text;
}

std::optional<bool> ParseBoolean(std::string_view text) {
  std::string word;
  std::transform(text.begin(), text.end(), std::back_inserter(word),
                 [](unsigned char letter) { return static_cast<char>(std::tolower(letter)); });
  if (word == "true" || word == "yes" || word == "on") return true;
  if (word == "false" || word == "no" || word == "off") return false;
  return std::nullopt;
}

}  // namespace postrider
