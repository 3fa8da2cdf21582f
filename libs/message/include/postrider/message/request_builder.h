#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "postrider/model/event.h"
#include "postrider/model/failure.h"
#include "postrider/model/http.h"
#include "postrider/model/secret.h"
#include "postrider/model/settings.h"

namespace postrider {

class UrlTemplate;

/// Why no request can be made of an event.
struct BuildFailure {
  /// kTemplate: the event lacks what the URL asks for, and always will. kLocal: our own side's
  /// fault, such as a secret that cannot be read; it may pass.
  FailureClass failure = FailureClass::kTemplate;
  std::string message;  ///< for people; never holds the value of a secret
};

using BuildResult = std::variant<HttpRequest, BuildFailure>;

/// The header that carries a token which has to be fetched.
struct TokenHeader {
  std::string name;
  /// Its present value; nullopt: there is none now. Called from any thread.
  std::function<std::optional<std::string>()> value;
};

/// What not every request of an endpoint has.
struct RequestOptions {
  std::optional<TokenHeader> token{};  ///< where settings.auth is one that has to be fetched
  bool body = true;                    ///< false: that of the event is not sent
};

/// Turns events into the requests of one endpoint. All that does not depend on the event is
/// prepared once. Immutable, so callable from any thread when the resolver and the token are.
///
/// Credentials win over all. Of headers with the same name the destination's wins, then the
/// event's, then Postrider's own; only the idempotency key cannot be replaced by an event.
class RequestBuilder {
 public:
  /// Throws std::invalid_argument when CheckTemplate() or the name or value of a header would.
  /// @param installation  eight characters of [a-z0-9], for the idempotency key
  /// @param version       Postrider's own, for `User-Agent`
  RequestBuilder(DestinationId destination, const HttpSettings& settings, SecretResolver resolver,
                 std::string installation, std::string_view version, RequestOptions options = {});
  ~RequestBuilder();

  RequestBuilder(const RequestBuilder&) = delete;
  RequestBuilder& operator=(const RequestBuilder&) = delete;

  /// The request for an event whose body has been loaded. Does not block, except on a secret.
  /// @param attempt      from 1
  /// @param new_key_run  set after a replay with a new idempotency key
  BuildResult Build(const Event& event, int attempt, std::optional<int> new_key_run) const;

  /// Changes when a secret or the token has another value; nothing can be read from it. One that
  /// cannot be had counts as a value.
  std::size_t CredentialsFingerprint() const;

  /// What is wrong with the template of a URL, for people; nullopt when nothing is.
  static std::optional<std::string> CheckTemplate(const std::string& text);

 private:
  using HeaderSetting = std::pair<std::string, std::optional<HeaderValue>>;

  const HeaderSetting* Find(std::string_view name) const;
  bool Sends(std::string_view name) const { return Find(name) == nullptr; }
  void AddOwnHeaders(const Event& event, int attempt, const std::string& key,
                     HttpHeaders& headers) const;
  void AddRowHeaders(const HttpHeaders& row, HttpHeaders& headers) const;
  std::optional<BuildFailure> AddConfiguredHeaders(HttpHeaders& headers) const;
  std::optional<BuildFailure> AddCredentials(HttpHeaders& headers) const;

  DestinationId destination_;
  SecretResolver resolver_;
  std::string installation_;
  std::string user_agent_;
  std::string key_header_;  ///< empty: not sent
  HttpRequest prototype_;   ///< everything but URL, headers and body
  std::vector<HeaderSetting> configured_;
  AuthSettings auth_;
  const RequestOptions options_;
  std::unique_ptr<const UrlTemplate> url_;
  bool sends_content_type_;
  bool sends_user_agent_;
  bool sends_event_;
  bool sends_topic_;
  bool sends_attempt_;
};

}  // namespace postrider
