#pragma once

#include <string>
#include <string_view>

namespace postrider {

inline constexpr std::string_view kMasked = "***";

/// Whether a header or parameter of this name holds a secret, as far as the name tells.
bool IsSecretName(std::string_view name);

/// An http URL with its credentials, and the query parameters whose name says that they are
/// secret, masked.
std::string MaskHttpUrl(std::string_view url);

/// A libpq URI or keyword string with every password masked.
std::string MaskDatabaseUrl(std::string_view url);

/// Whether a libpq URI or keyword string holds a password.
bool HasPassword(std::string_view database_url);

}  // namespace postrider
