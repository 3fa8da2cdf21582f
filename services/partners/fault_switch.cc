#include "fault_switch.h"

#include <array>
#include <cmath>
#include <string_view>
#include <utility>

namespace postrider::partners {
namespace {

using nlohmann::json;

constexpr std::array<std::pair<std::string_view, Fault::Mode>, 6> kModes{
    {{"ok", Fault::Mode::kOk},
     {"down", Fault::Mode::kDown},
     {"slow", Fault::Mode::kSlow},
     {"hang", Fault::Mode::kHang},
     {"reset", Fault::Mode::kReset},
     {"lie", Fault::Mode::kLie}}};

std::optional<Fault::Mode> ModeOf(const json& command) {
  const auto found = command.find("mode");
  if (found == command.end() || !found->is_string()) return std::nullopt;
  for (const auto& [name, mode] : kModes) {
    if (name == found->get_ref<const std::string&>()) return mode;
  }
  return std::nullopt;
}

constexpr double kLongestSeconds = 1e9;

/// A number from 0 on, capped; nullopt when absent. Throws json::exception when it is no number.
std::optional<Duration> SecondsOf(const json& command, const char* name, double unit) {
  const auto found = command.find(name);
  if (found == command.end() || found->is_null()) return std::nullopt;
  const double value = std::fmin(std::fmax(found->get<double>() * unit, 0.0), kLongestSeconds);
  return Duration(std::llround(value * 1e6));
}

}  // namespace

std::string ToString(Fault::Mode mode) {
  for (const auto& [name, value] : kModes) {
    if (value == mode) return std::string(name);
  }
  return "?";
}

std::optional<std::string> FaultSwitch::Set(const json& command, Instant now) {
  if (!command.is_object()) return "the command is not a JSON object";
  const auto mode = ModeOf(command);
  if (!mode) return "mode must be one of ok, down, slow, hang, reset, lie";
  Fault fault;
  fault.mode = *mode;
  std::optional<Duration> lasting;
  int count = 0;
  try {
    fault.status = command.value("status", fault.status);
    fault.retry_after = SecondsOf(command, "retry_after", 1);
    fault.delay = SecondsOf(command, "ms", 1e-3).value_or(Duration::zero());
    fault.code = command.value("code", fault.code);
    fault.after = command.value("after", false);
    lasting = SecondsOf(command, "seconds", 1);
    count = command.value("count", std::numeric_limits<int>::max());
  } catch (const json::exception& error) {
    return std::string("a field has the wrong type: ") + error.what();
  }
  if (fault.status < 200 || fault.status > 599) return "status must be 200 .. 599";
  fault_ = fault;
  until_ = lasting ? now + *lasting : Instant::max();
  left_ = count;
  ++generation_;
  return std::nullopt;
}

Fault FaultSwitch::Next(Instant now) {
  if (fault_.mode == Fault::Mode::kOk || now >= until_ || left_ <= 0) return {};
  --left_;
  return fault_;
}

}  // namespace postrider::partners
