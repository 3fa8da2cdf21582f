#include "postrider/model/failure.h"

#include <array>
#include <utility>

namespace postrider {
namespace {

using enum FailureClass;

constexpr std::array<std::pair<FailureClass, std::string_view>, 25> kNames{{
    {kDns, "dns"},
    {kConnect, "connect"},
    {kConnectTimeout, "connect_timeout"},
    {kTls, "tls"},
    {kTimeout, "timeout"},
    {kReset, "reset"},
    {kProtocol, "protocol"},
    {kTooLarge, "too_large"},
    {kBlockedAddress, "blocked_address"},
    {kProxy, "proxy"},
    {kToken, "token"},
    {kLocal, "local"},
    {kHttp3xx, "http_3xx"},
    {kHttp4xx, "http_4xx"},
    {kHttp408, "http_408"},
    {kHttp409, "http_409"},
    {kHttp429, "http_429"},
    {kHttp5xx, "http_5xx"},
    {kUnauthorized, "unauthorized"},
    {kAnswer, "answer"},
    {kUnreadable, "unreadable"},
    {kTemplate, "template"},
    {kSql, "sql"},
    {kRelayLost, "relay_lost"},
    {kVerifyFailed, "verify_failed"},
}};

}  // namespace

std::string_view ToString(FailureClass failure) {
  for (const auto& [value, name] : kNames) {
    if (value == failure) return name;
  }
  return "?";
}

std::optional<FailureClass> FailureClassFromString(std::string_view text) {
  for (const auto& [value, name] : kNames) {
    if (name == text) return value;
  }
  return std::nullopt;
}

FailureClass ClassOfStatus(int http_status) {
  switch (http_status) {
    case 401:
    case 403: return kUnauthorized;
    case 408: return kHttp408;
    case 409: return kHttp409;
    case 429: return kHttp429;
    default: break;
  }
  switch (http_status / 100) {
    case 2: return kAnswer;  // the status was fine, the answer in it was not
    case 3: return kHttp3xx;
    case 4: return kHttp4xx;
    case 5: return kHttp5xx;
    default: return kProtocol;
  }
}

bool IsOurFault(FailureClass failure) {
  return failure == kProxy || failure == kToken || failure == kLocal || failure == kBlockedAddress;
}

bool IsKnownNotSent(FailureClass failure) {
  return failure == kDns || failure == kConnect || failure == kConnectTimeout || failure == kTls ||
         failure == kBlockedAddress;
}

}  // namespace postrider
