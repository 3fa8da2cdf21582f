#include "postrider/message/request_builder.h"

#include <algorithm>
#include <exception>
#include <stdexcept>

#include "authorization.h"
#include "header_rules.h"
#include "postrider/model/idempotency_key.h"
#include "row_headers.h"
#include "url_template.h"

namespace postrider {
namespace {

constexpr std::string_view kContentType = "Content-Type";
constexpr std::string_view kUserAgent = "User-Agent";
constexpr std::string_view kEvent = "Postrider-Event";
constexpr std::string_view kTopic = "Postrider-Topic";
constexpr std::string_view kAttempt = "Postrider-Attempt";

/// Empty: the event has no content type.
std::string_view ContentTypeOf(const Event& event) {
  if (event.content_type) return *event.content_type;
  if (event.body.empty()) return {};
  return event.body_is_payload ? "application/json" : "application/octet-stream";
}

void SetHeader(const std::string& name, std::string value, HttpHeaders& headers) {
  const auto same = [&name](const auto& header) { return SameHeaderName(header.first, name); };
  headers.erase(std::remove_if(headers.begin(), headers.end(), same), headers.end());
  headers.emplace_back(name, std::move(value));
}

/// @param value  may throw, for a secret that cannot be read
template <typename Value>
std::optional<BuildFailure> AddHeader(const std::string& name, Value value, HttpHeaders& headers) {
  std::string text;
  try {
    text = value();
  } catch (const std::exception& error) {
    return BuildFailure{FailureClass::kLocal, "header " + name + ": " + error.what()};
  }
  if (!IsHeaderValue(text)) {
    return BuildFailure{FailureClass::kLocal,
                        "header " + name + ": the secret holds a line end or control character"};
  }
  SetHeader(name, std::move(text), headers);
  return std::nullopt;
}

/// What every request of the destination has in common.
HttpRequest Prototype(const HttpSettings& settings) {
  HttpRequest request;
  request.method = settings.method;
  request.connect_timeout = settings.connect_timeout;
  request.timeout = settings.timeout;
  request.max_response = settings.max_response;
  request.idle = settings.pool.idle;
  return request;
}

}  // namespace

RequestBuilder::RequestBuilder(DestinationId destination, const HttpSettings& settings,
                               SecretResolver resolver, std::string installation,
                               std::string_view version, RequestOptions options)
    : destination_(destination),
      resolver_(std::move(resolver)),
      installation_(std::move(installation)),
      user_agent_("postrider/" + std::string(version)),
      key_header_(settings.idempotency.header),
      prototype_(Prototype(settings)),
      configured_(settings.headers.begin(), settings.headers.end()),
      auth_(settings.auth),
      options_(std::move(options)),
      url_(std::make_unique<const UrlTemplate>(settings.url)) {
  for (const auto& [name, value] : configured_) {
    CheckHeaderName(name);
    const auto* text = value ? std::get_if<std::string>(&*value) : nullptr;
    if (text != nullptr && !IsHeaderValue(*text)) {
      throw std::invalid_argument("the value of header '" + name +
                                  "' holds a line end or control character");
    }
  }
  if (!key_header_.empty()) {
    CheckHeaderName(key_header_);
    if (!Sends(key_header_)) key_header_.clear();
  }
  sends_content_type_ = options_.body && Sends(kContentType);
  sends_user_agent_ = Sends(kUserAgent);
  sends_event_ = settings.announce && Sends(kEvent);
  sends_topic_ = settings.announce && Sends(kTopic);
  sends_attempt_ = settings.announce && Sends(kAttempt);
}

RequestBuilder::~RequestBuilder() = default;

std::size_t RequestBuilder::CredentialsFingerprint() const {
  HttpHeaders headers;
  std::size_t sum = 0;
  for (const auto& failure : {AddConfiguredHeaders(headers), AddCredentials(headers)}) {
    if (failure) sum = sum * 31 + std::hash<std::string>()(failure->message);
  }
  for (const auto& [name, value] : headers) sum = sum * 31 + std::hash<std::string>()(value);
  return sum;
}

std::optional<std::string> RequestBuilder::CheckTemplate(const std::string& text) {
  return UrlTemplate::Check(text);
}

const RequestBuilder::HeaderSetting* RequestBuilder::Find(std::string_view name) const {
  for (const HeaderSetting& setting : configured_) {
    if (SameHeaderName(setting.first, name)) return &setting;
  }
  return nullptr;
}

BuildResult RequestBuilder::Build(const Event& event, int attempt,
                                  std::optional<int> new_key_run) const {
  if (event.body_deferred) {
    return BuildFailure{FailureClass::kLocal, "the body of the event has not been loaded"};
  }
  const std::optional<HttpHeaders> row = ParseRowHeaders(event.headers);
  if (!row) {
    return BuildFailure{FailureClass::kTemplate,
                        "the headers of the event are not a JSON object of single-line strings"};
  }
  const std::string key = IdempotencyKey(installation_, event.identity, destination_, new_key_run);
  auto url = url_->Render({event, *row, attempt, key});
  if (auto* failure = std::get_if<BuildFailure>(&url)) return std::move(*failure);

  HttpRequest request = prototype_;
  request.url = std::get<std::string>(std::move(url));
  request.headers.reserve(6 + row->size() + configured_.size());
  AddOwnHeaders(event, attempt, key, request.headers);
  AddRowHeaders(*row, request.headers);
  if (auto failure = AddConfiguredHeaders(request.headers)) return *std::move(failure);
  if (auto failure = AddCredentials(request.headers)) return *std::move(failure);
  if (options_.body) request.body = event.body;
  return request;
}

void RequestBuilder::AddOwnHeaders(const Event& event, int attempt, const std::string& key,
                                   HttpHeaders& headers) const {
  if (const std::string_view type = ContentTypeOf(event); sends_content_type_ && !type.empty()) {
    headers.emplace_back(kContentType, type);
  }
  if (sends_user_agent_) headers.emplace_back(kUserAgent, user_agent_);
  if (!key_header_.empty()) headers.emplace_back(key_header_, key);
  if (sends_event_) headers.emplace_back(kEvent, std::to_string(event.id()));
  if (sends_topic_) headers.emplace_back(kTopic, event.topic);
  if (sends_attempt_) headers.emplace_back(kAttempt, std::to_string(attempt));
}

void RequestBuilder::AddRowHeaders(const HttpHeaders& row, HttpHeaders& headers) const {
  for (const auto& [name, value] : row) {
    if (!Sends(name) || SameHeaderName(name, key_header_)) continue;
    const auto own = std::find_if(headers.begin(), headers.end(), [&name = name](const auto& h) {
      return SameHeaderName(h.first, name);
    });
    if (own != headers.end()) {
      *own = {name, value};
    } else {
      headers.emplace_back(name, value);
    }
  }
}

std::optional<BuildFailure> RequestBuilder::AddConfiguredHeaders(HttpHeaders& headers) const {
  for (const auto& [name, setting] : configured_) {
    if (!setting) continue;
    if (const auto* text = std::get_if<std::string>(&*setting)) {
      headers.emplace_back(name, *text);
      continue;
    }
    const Secret& secret = std::get<Secret>(*setting);
    if (auto failure = AddHeader(
            name, [&] { return resolver_(secret); }, headers))
      return failure;
  }
  return std::nullopt;
}

std::optional<BuildFailure> RequestBuilder::AddCredentials(HttpHeaders& headers) const {
  constexpr char kAuthorization[] = "Authorization";
  if (const auto* bearer = std::get_if<BearerAuth>(&auth_)) {
    return AddHeader(
        kAuthorization, [&] { return "Bearer " + resolver_(bearer->token); }, headers);
  }
  if (const auto* basic = std::get_if<BasicAuth>(&auth_)) {
    const auto value = [&] { return BasicAuthorization(basic->user, resolver_(basic->password)); };
    return AddHeader(kAuthorization, value, headers);
  }
  if (!options_.token) return std::nullopt;
  std::optional<std::string> value = options_.token->value();
  if (!value) return BuildFailure{FailureClass::kToken, "there is no token at present"};
  SetHeader(options_.token->name, *std::move(value), headers);
  return std::nullopt;
}

}  // namespace postrider
