#pragma once

#include <optional>
#include <string_view>

namespace postrider {

/// Why an attempt failed: the closed set of the contract, used as metric label, in tables and logs.
enum class FailureClass {
  kDns,
  kConnect,
  kConnectTimeout,
  kTls,
  kTimeout,
  kReset,
  kProtocol,
  kTooLarge,
  kBlockedAddress,
  kProxy,
  kToken,
  kLocal,
  kHttp3xx,
  kHttp4xx,
  kHttp408,
  kHttp409,
  kHttp429,
  kHttp5xx,
  kUnauthorized,
  kAnswer,
  kUnreadable,
  kTemplate,
  kSql,
  kRelayLost,
  kVerifyFailed,
};

/// The word of the contract, such as `connect_timeout`.
std::string_view ToString(FailureClass failure);
std::optional<FailureClass> FailureClassFromString(std::string_view text);

/// The class of an answer that was not accepted, by its HTTP status (100 .. 999).
FailureClass ClassOfStatus(int http_status);

/// Faults of our own side (proxy, token, local, blocked_address): no attempt is charged.
bool IsOurFault(FailureClass failure);

/// The request is known not to have reached the partner's application.
bool IsKnownNotSent(FailureClass failure);

}  // namespace postrider
