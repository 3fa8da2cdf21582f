#include "headers.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <utility>
#include <variant>
#include <vector>

#include "mask.h"
#include "secret_kind.h"

namespace postrider {
namespace {

constexpr std::string_view kValue = "text, null, or a secret: {env: NAME} or {file: PATH}";
constexpr std::array<std::string_view, 4> kOwned{"Host", "Content-Length", "Transfer-Encoding",
                                                 "Connection"};

bool IsOwned(std::string_view name) {
  return std::any_of(kOwned.begin(), kOwned.end(),
                     [&](std::string_view owned) { return SameHeader(name, owned); });
}

bool IsHeaderText(std::string_view text) {
  const bool control = std::any_of(text.begin(), text.end(), [](char letter) {
    return (static_cast<unsigned char>(letter) < 0x20 && letter != '\t') || letter == 0x7F;
  });
  const bool padded =
      !text.empty() && (std::isspace(static_cast<unsigned char>(text.front())) != 0 ||
                        std::isspace(static_cast<unsigned char>(text.back())) != 0);
  return !control && !padded;
}

// The value of a header as text. What is wrong with it is said without repeating it: it may be a
// secret.
std::optional<HeaderValue> ReadText(const Value& value) {
  auto text = value.Text(kValue);
  if (!text) return std::nullopt;
  if (!IsHeaderText(*text)) {
    value.Error(
        "found a line break, control character or space at an end, allowed: one line of text");
  } else if (text->find("{{") != text->npos) {
    value.Error("templates in headers are not supported yet, allowed: " + std::string(kValue));
  } else {
    if (IsSecretName(value.key()) && !text->empty()) {
      value.Warning("looks like a secret; {env: NAME} or {file: PATH} keeps it out of this file");
    }
    return HeaderValue(std::move(*text));
  }
  return std::nullopt;
}

void Replace(ConfiguredHeaders& headers, const std::string& name,
             std::optional<HeaderValue> value) {
  std::erase_if(headers, [&](const auto& header) { return SameHeader(header.first, name); });
  headers.emplace(name, std::move(value));
}

void ReadOne(const Value& value, ConfiguredHeaders& headers) {
  const std::string& name = value.key();
  if (!IsHeaderToken(name)) {
    return value.KeyError("found the header name " + Quoted(name) +
                          ", allowed: letters, digits and !#$%&'*+-.^_`|~");
  }
  if (IsOwned(name)) {
    return value.KeyError(Quoted(name) + " belongs to the connection and can not be configured");
  }
  if (value.IsNull()) return Replace(headers, name, std::nullopt);
  if (value.IsList()) return value.Expect(kValue);
  std::optional<HeaderValue> read;
  if (value.IsMap()) {
    if (auto secret = ReadSecret(value, true)) read = HeaderValue(std::move(*secret));
  } else {
    read = ReadText(value);
  }
  if (read) Replace(headers, name, std::move(read));
}

std::string HeaderText(const std::string& name, const std::optional<HeaderValue>& value) {
  if (!value) return "null";
  if (const auto* secret = std::get_if<Secret>(&*value)) return SecretText(*secret);
  const auto& text = std::get<std::string>(*value);
  return YamlText(IsSecretName(name) && !text.empty() ? std::string(kMasked) : text);
}

}  // namespace

bool IsHeaderToken(std::string_view text) {
  return !text.empty() && text.size() <= 200 &&
         std::all_of(text.begin(), text.end(), [](unsigned char letter) {
           return letter < 0x80 &&
                  (std::isalnum(letter) != 0 ||
                   std::string_view("!#$%&'*+-.^_`|~").find(static_cast<char>(letter)) !=
                       std::string_view::npos);
         });
}

bool SameHeader(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](unsigned char x, unsigned char y) {
    return std::tolower(x) == std::tolower(y);
  });
}

TextKind HeaderNameKind() {
  return {[](std::string_view text) { return IsHeaderToken(text) && !IsOwned(text); },
          "the name of a header, but none of Host, Content-Length, Transfer-Encoding, Connection",
          "^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,200}$"};
}

void HeadersKind::Read(const Value& value, ConfiguredHeaders& out) const {
  if (value.IsNull()) return;
  if (!value.IsMap()) return value.ExpectWithoutRepeating(Allowed());
  std::vector<std::string> seen;
  for (const Value& member : value.Members()) {
    const auto same = std::find_if(seen.begin(), seen.end(), [&](const std::string& name) {
      return SameHeader(name, member.key());
    });
    if (same == seen.end()) {
      seen.push_back(member.key());
      ReadOne(member, out);
    } else {
      member.KeyError("found the header " + Quoted(member.key()) + " beside " + Quoted(*same) +
                      ", allowed: once; upper and lower case are the same");
    }
  }
}

std::optional<std::string> HeadersKind::Show(const ConfiguredHeaders& headers) const {
  if (headers.empty()) return std::nullopt;
  std::vector<std::string> members;
  for (const auto& [name, value] : headers) {
    members.push_back(YamlText(name) + ": " + HeaderText(name, value));
  }
  return "{" + Join(members) + "}";
}

std::string HeadersKind::Allowed() const {
  return "a map of header names to " + std::string(kValue);
}

}  // namespace postrider
