#pragma once

#include <string>

#include "postrider/model/http.h"

namespace postrider {

/// Method and URL for dead letters and logs: `POST https://host/path?token=***`. Credentials in the
/// URL and the values of its query are masked; headers and body are left out.
std::string Describe(const HttpRequest& request);

}  // namespace postrider
