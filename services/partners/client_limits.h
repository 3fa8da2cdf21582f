#pragma once

#include <deque>
#include <map>
#include <string>
#include <vector>

#include "partner_time.h"

namespace postrider::partners {

/// At most `count` requests in any span of `length`.
struct RateWindow {
  int count = 0;
  Duration length{};
};

struct LimitSettings {
  std::vector<RateWindow> windows;
  /// Counted from the beginning of each second, minute, ...; else back from each request.
  bool fixed = false;
  int ban_after = 5;  ///< refusals in a row; 0: never
  Duration ban = std::chrono::minutes(5);
};

struct Admission {
  enum class Kind { kAdmitted, kLimited, kBanned };
  Kind kind = Kind::kAdmitted;
  Duration retry_after{};  ///< until a request would be admitted; 0 when admitted
};

/// What a partner lets each of its clients do: exact windows, sliding or fixed, and a ban for those
/// that go on after having been refused. Refused requests count in no window. For one thread.
class ClientLimits {
 public:
  explicit ClientLimits(LimitSettings settings);

  /// @param now  never before that of an earlier call
  Admission Admit(const std::string& client, Instant now);

 private:
  struct Client {
    std::deque<Instant> admitted;  ///< within the longest window, oldest first
    int refused_in_a_row = 0;
    Instant banned_until{};
  };

  /// How long until all windows have room.
  Duration WaitFor(const Client& client, Instant now) const;
  Duration WaitForNext(const Client& client, const RateWindow& window, Instant now) const;
  void Forget(Client& client, Instant now) const;

  LimitSettings settings_;
  std::map<std::string, Client> clients_;
};

}  // namespace postrider::partners
