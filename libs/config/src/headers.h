#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "postrider/model/settings.h"
#include "scalar_kinds.h"

namespace postrider {

/// As in HttpSettings: nullopt for a header that is not sent.
using ConfiguredHeaders = std::map<std::string, std::optional<HeaderValue>>;

/// Whether the text can be the name of a header: 1 to 200 characters of an HTTP token.
bool IsHeaderToken(std::string_view text);

/// Whether two header names are the same, upper and lower case aside.
bool SameHeader(std::string_view a, std::string_view b);

/// The name of a header that a setting puts its value in.
TextKind HeaderNameKind();

/// A map of header names to text, null or a secret. What is read is laid over what is there, so
/// that a destination adds to the headers of `defaults`.
struct HeadersKind {
  void Read(const Value& value, ConfiguredHeaders& out) const;
  std::optional<std::string> Show(const ConfiguredHeaders& headers) const;
  std::string Allowed() const;
  std::string Schema() const { return SchemaReference("headers"); }
};

}  // namespace postrider
