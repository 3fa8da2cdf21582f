#include "auth_catalogues.h"

#include <algorithm>
#include <chrono>
#include <string_view>
#include <utility>

#include "addresses.h"
#include "answer_kinds.h"
#include "headers.h"
#include "scalar_kinds.h"
#include "secret_kind.h"

namespace postrider {
namespace {

using Fields = std::map<std::string, HeaderValue>;

struct NeededSecretKind {
  void Read(const Value& value, Secret& out) const {
    if (auto secret = ReadSecret(value, false)) out = std::move(*secret);
  }
  std::optional<std::string> Show(const Secret& secret) const { return SecretText(secret); }
  std::string Allowed() const { return SecretKind().Allowed(); }
  std::string Schema() const { return SecretKind().Schema(); }
};

/// Names with texts or secrets, for a JSON object or a form.
struct FieldsKind {
  void Read(const Value& value, Fields& out) const {
    if (!value.IsMap()) return value.ExpectWithoutRepeating(Allowed());
    for (const Value& member : value.Members()) {
      if (member.IsMap()) {
        if (auto secret = ReadSecret(member, false)) out[member.key()] = std::move(*secret);
      } else if (auto text = member.Text("text, or a secret: {env: NAME} or {file: PATH}")) {
        out[member.key()] = std::move(*text);
      }
    }
  }
  std::optional<std::string> Show(const Fields& fields) const {
    if (fields.empty()) return std::nullopt;
    ConfiguredHeaders same;
    for (const auto& [name, value] : fields) same[name] = value;
    return HeadersKind().Show(same);
  }
  std::string Allowed() const { return "a map of names to text or secrets"; }
  std::string Schema() const { return SchemaReference("headers"); }
};

/// Headers of a call that sends nothing which could be left out.
struct GivenHeadersKind {
  void Read(const Value& value, Fields& out) const {
    ConfiguredHeaders headers;
    HeadersKind().Read(value, headers);
    for (auto& [name, text] : headers) {
      if (text) out[name] = std::move(*text);
    }
  }
  std::optional<std::string> Show(const Fields& fields) const { return FieldsKind().Show(fields); }
  std::string Allowed() const { return HeadersKind().Allowed(); }
  std::string Schema() const { return HeadersKind().Schema(); }
};

/// A URL in which no event has a say.
struct FixedUrlKind {
  void Read(const Value& value, std::string& out) const {
    if (value.IsScalar() && value.RawText().find("{{") != std::string::npos) {
      return value.Error("found a template, allowed: " + Allowed());
    }
    HttpUrlKind().Read(value, out);
  }
  std::optional<std::string> Show(const std::string& url) const { return HttpUrlKind().Show(url); }
  std::string Allowed() const { return "an http or https URL without templates"; }
  std::string Schema() const { return HttpUrlKind().Schema(); }
};

/// A text that means something when it is empty, too.
struct ShownTextKind : TextKind {
  std::optional<std::string> Show(const std::string& text) const { return YamlText(text); }
};

/// The fields of the body in one of its two forms.
Setting<TokenAuth> FieldsRow(std::string path, std::string meaning, bool form) {
  auto row = Leaf<TokenAuth>(std::move(path), FieldsKind{}, std::move(meaning), &TokenAuth::fields);
  row.read = [form, read = row.read](const Value& value, TokenAuth& target) {
    target.form = form;
    read(value, target);
  };
  row.show = [form, show = row.show](const TokenAuth& source) {
    return source.form == form ? show(source) : std::nullopt;
  };
  return row;
}

TextKind PrintableKind(std::string allowed) {
  const auto is_good = [](std::string_view text) {
    return text.size() <= 1000 && std::none_of(text.begin(), text.end(), [](unsigned char letter) {
             return letter < 0x20 || letter == 0x7F;
           });
  };
  return {is_good, std::move(allowed), ""};
}

TextKind UserKind() {
  const auto is_good = [](std::string_view text) {
    return !text.empty() && text.size() <= 1000 && text.find(':') == text.npos;
  };
  return {is_good, "a name without a colon", "^[^:]+$"};
}

}  // namespace

template <>
const Catalogue<BasicAuth>& AuthCatalogue() {
  static const Catalogue<BasicAuth> rows{
      Leaf<BasicAuth>("user", UserKind(), "The user.", &BasicAuth::user),
      Leaf<BasicAuth>("password", NeededSecretKind{}, "The password.", &BasicAuth::password)};
  return rows;
}

template <>
const Catalogue<OAuth2Auth>& AuthCatalogue() {
  static const Catalogue<OAuth2Auth> rows{
      Leaf<OAuth2Auth>("token_url", FixedUrlKind{}, "Where tokens are given.",
                       &OAuth2Auth::token_url),
      Leaf<OAuth2Auth>("client_id", PrintableKind("the id of the client"), "The client.",
                       &OAuth2Auth::client_id),
      Leaf<OAuth2Auth>("client_secret", NeededSecretKind{}, "Its secret.",
                       &OAuth2Auth::client_secret),
      Leaf<OAuth2Auth>("scope", PrintableKind("scopes, separated by spaces"), "What is asked for.",
                       &OAuth2Auth::scope),
      Leaf<OAuth2Auth>("audience", PrintableKind("a text"), "For whom.", &OAuth2Auth::audience),
      Leaf<OAuth2Auth>("credentials", ChoiceKind<bool>{{{"header", false}, {"body", true}}},
                       "Where id and secret of the client stand.", &OAuth2Auth::in_body)};
  return rows;
}

template <>
const Catalogue<TokenAuth>& AuthCatalogue() {
  static const Catalogue<TokenAuth> rows{
      Leaf<TokenAuth>("url", FixedUrlKind{}, "Where tokens are given.", &TokenAuth::url),
      Leaf<TokenAuth>("method", ChoiceKind<std::string>{{{"POST", "POST"}, {"GET", "GET"}}},
                      "The method of the call.", &TokenAuth::method),
      Leaf<TokenAuth>("headers", GivenHeadersKind{}, "Headers of the call.", &TokenAuth::headers),
      FieldsRow("json", "Its body, as a JSON object.", false),
      FieldsRow("form", "Its body, as a form.", true),
      Leaf<TokenAuth>("token", JsonPointerKind(), "Where the answer has the token.",
                      &TokenAuth::token),
      Leaf<TokenAuth>("expires", ShownTextKind{JsonPointerKind()},
                      "Where it has the token's end: seconds, or a time with a zone.",
                      &TokenAuth::expires),
      Leaf<TokenAuth>("lifetime", DurationKind{seconds(1), std::chrono::hours(24 * 365)},
                      "How long a token lives when the answer does not say. Whole seconds.",
                      &TokenAuth::lifetime),
      Leaf<TokenAuth>("header", HeaderNameKind(), "The header that then carries the token.",
                      &TokenAuth::header),
      Leaf<TokenAuth>("prefix", ShownTextKind{PrintableKind("one line of text")},
                      "What stands before the token.", &TokenAuth::prefix)};
  return rows;
}

}  // namespace postrider
