#pragma once

#include <optional>
#include <string>

#include "postrider/model/secret.h"
#include "scalar_kinds.h"

namespace postrider {

/// `{env: NAME}` or `{file: PATH}`. Reports what is neither; notes where the secret is used.
std::optional<Secret> ReadSecret(const Value& value, bool in_header);

/// The same as YAML.
std::string SecretText(const Secret& secret);

struct SecretKind {
  void Read(const Value& value, std::optional<Secret>& out) const;
  std::optional<std::string> Show(const std::optional<Secret>& secret) const;
  std::string Allowed() const;
  std::string Schema() const { return SchemaReference("secret"); }
};

}  // namespace postrider
