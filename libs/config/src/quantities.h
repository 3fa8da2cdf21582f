#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "postrider/model/settings.h"
#include "postrider/model/time.h"

namespace postrider {

/// `250ms`, `5s`, `15m`, `12h`, `3d`; `0` needs no unit. nullopt: not a duration, or one beyond
/// a thousand years.
std::optional<milliseconds> ParseDuration(std::string_view text);
/// In the largest unit that has no remainder.
std::string DurationSettingText(milliseconds duration);

/// `10/s`, `100/min`, `5/h`, `1000/d`, or with any duration: `3/90s`. nullopt: not a rate, or one
/// that lets nothing through.
std::optional<RateWindow> ParseRate(std::string_view text);
std::string RateText(const RateWindow& rate);

/// `512B`, `64KB`, `256MB`, `1GB`, each unit 1024 of the one before; `0` needs no unit.
std::optional<std::uint64_t> ParseSize(std::string_view text);
/// In the largest unit that has no remainder.
std::string SizeText(std::uint64_t bytes);

/// Decimal digits, with a sign if need be.
std::optional<std::int64_t> ParseInteger(std::string_view text);

/// Decimal digits with a point if need be: `2`, `1.5`.
std::optional<double> ParseDecimal(std::string_view text);
/// With at most four digits after the point.
std::string DecimalText(double value);

/// `true`, `yes`, `on`, `false`, `no`, `off`, in upper or lower case.
std::optional<bool> ParseBoolean(std::string_view text);

}  // namespace postrider
