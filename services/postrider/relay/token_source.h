#pragma once

#include <mutex>
#include <optional>
#include <string>

#include "postrider/message/token_call.h"
#include "postrider/policy/token_life.h"

namespace postrider {

/// The token of an endpoint, shared by all lanes of its destination: whoever first finds that it is
/// time fetches it for all. Callable from any thread; blocks on nothing but secrets.
class TokenSource {
 public:
  explicit TokenSource(TokenCall call) : call_(std::move(call)) {}

  /// What the requests carry now; nullopt: there is no token that may be sent.
  TokenHeader Header();
  bool Usable(Timestamp now) const;
  /// When to look again.
  Timestamp NextChange(Timestamp now) const;

  /// It is time to fetch a token, and nobody does.
  bool WantsFetch(Timestamp now) const;
  /// It is time to fetch a token, and the caller does it: Finish() has to follow.
  bool TakeFetch(Timestamp now);
  BuildResult BuildCall() const { return call_.Build(); }
  /// @param began  when the call did
  /// @return why there is no token, for people; empty: there is one
  std::string Finish(const HttpAnswer& answer, Timestamp began, Timestamp now);
  /// The call could not be made.
  void Fail(Timestamp now);

  /// The partner refused the credentials of a request that began at `sent_at`.
  void Reject(Timestamp sent_at, Timestamp now);

  /// Failed fetches since the last good one.
  int failures() const;

 private:
  const TokenCall call_;
  mutable std::mutex mutex_;
  TokenLife life_;                    ///< guarded by mutex_
  std::optional<std::string> value_;  ///< guarded by mutex_
};

}  // namespace postrider
