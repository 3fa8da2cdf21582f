#pragma once

#include <string>

#include "postrider/engine/lane.h"

namespace postrider {

/// An answer with what is recorded of it.
struct Lane::Answered {
  const HttpAnswer* answer = nullptr;  ///< null: the request was never made
  AttemptRecord attempt;
  std::string request;
  Timestamp now;
};

}  // namespace postrider
