#pragma once

#include <nlohmann/json.hpp>
#include <string>

namespace postrider::partners {

/// What a partner answers, apart from how it is sent.
struct PartnerAnswer {
  int status = 200;
  nlohmann::json body;
  std::string outcome;  ///< one word for the log: accepted, replayed, invalid, ...
};

}  // namespace postrider::partners
