#pragma once

#include <string>

namespace postrider {

/// The value of `Authorization` for a user who holds no colon (RFC 7617, in UTF-8).
std::string BasicAuthorization(const std::string& user, const std::string& password);

}  // namespace postrider
