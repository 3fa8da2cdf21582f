#pragma once

#include <optional>
#include <string>

#include "postrider/engine/lane_effects.h"
#include "postrider/model/settings.h"

namespace postrider {

/// What people are told of a destination that pauses itself.
struct PauseNotice {
  std::string acting_for;  ///< in `performed_by` of the operation
  std::string note;        ///< why
  std::string log_event;
  std::string message;  ///< what to do
};

/// @param dead_limit  of the destination; there when that is the cause
PauseNotice NoticeOf(const PauseCause& cause, const std::optional<RateWindow>& dead_limit);

}  // namespace postrider
