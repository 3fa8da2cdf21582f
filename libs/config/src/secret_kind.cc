#include "secret_kind.h"

#include <utility>

#include "expand.h"

namespace postrider {
namespace {

constexpr std::string_view kAllowed = "a secret: {env: NAME} or {file: PATH}";

// The one member that says where the secret is; reports anything else.
std::optional<Value> SourceOf(const Value& value) {
  const auto members = value.Members();
  std::optional<Value> source;
  for (const Value& member : members) {
    if (member.key() != "env" && member.key() != "file") {
      member.KeyError("found the unknown key " + Quoted(member.key()) + ", allowed: env or file");
      return std::nullopt;
    }
    source = member;
  }
  if (members.size() == 1) return source;
  value.Error(std::string("found ") + (members.empty() ? "an empty map" : "both env and file") +
              ", allowed: " + std::string(kAllowed));
  return std::nullopt;
}

}  // namespace

std::optional<Secret> ReadSecret(const Value& value, bool in_header) {
  if (!value.IsMap()) {
    // What stands here may be the secret itself, so it is not repeated.
    value.ExpectWithoutRepeating(kAllowed);
    return std::nullopt;
  }
  const auto source = SourceOf(value);
  if (!source) return std::nullopt;
  const bool file = source->key() == "file";
  const std::string_view allowed = file ? "the path of a file" : "the name of a variable: NAME";
  auto name = source->Text(allowed);
  if (!name) return std::nullopt;
  if (file ? name->empty() : !IsVariableName(*name)) {
    // It may be the secret itself, so it is not repeated.
    source->ExpectWithoutRepeating(allowed);
    return std::nullopt;
  }
  Secret secret{file ? Secret::Source::kFile : Secret::Source::kEnvironment, std::move(*name)};
  value.reading().secrets.push_back({secret, value.Where(), in_header});
  return secret;
}

std::string SecretText(const Secret& secret) {
  const bool file = secret.source == Secret::Source::kFile;
  return std::string(file ? "{file: " : "{env: ") + YamlText(secret.name) + "}";
}

void SecretKind::Read(const Value& value, std::optional<Secret>& out) const {
  auto secret = ReadSecret(value, false);
  if (secret) out = std::move(secret);
}

std::optional<std::string> SecretKind::Show(const std::optional<Secret>& secret) const {
  if (!secret) return std::nullopt;
  return SecretText(*secret);
}

std::string SecretKind::Allowed() const { return std::string(kAllowed); }

}  // namespace postrider
