#pragma once

#include <limits>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "partner_time.h"

namespace postrider::partners {

/// A way in which a partner misbehaves.
struct Fault {
  enum class Mode {
    kOk,
    kDown,   ///< answers `status`
    kSlow,   ///< waits `delay`, then behaves
    kHang,   ///< accepts the request and never answers
    kReset,  ///< resets the connection
    kLie,    ///< answers 200 with an error code inside
  };
  Mode mode = Mode::kOk;
  int status = 503;
  std::optional<Duration> retry_after;  ///< for kDown: sent with the answer, in whole seconds
  Duration delay{};
  std::string code = "E500";  ///< for kLie
  /// The request is carried out first, and only then goes wrong: what a client cannot tell from a
  /// request that was lost.
  bool after = false;
};

/// The word of `/_control`, such as `down`.
std::string ToString(Fault::Mode mode);

/// Decides, request by request, whether a partner misbehaves. Switched by the JSON of `/_control`:
/// `{"mode": "down", "status": 503, "seconds": 10}`; modes ok, down (status, retry_after), slow
/// (ms), hang, reset, lie (code); `seconds` and `count` (of requests) end it, whichever is first;
/// `after: true` carries the request out first. For one thread.
class FaultSwitch {
 public:
  /// Takes effect at once. Returns what is wrong with the command, for people; then nothing
  /// changes.
  std::optional<std::string> Set(const nlohmann::json& command, Instant now);

  /// The fault of the next request, which is counted.
  Fault Next(Instant now);

  /// Changes whenever Set() took effect, so that hanging requests can be let go.
  int generation() const { return generation_; }

 private:
  Fault fault_;
  Instant until_ = Instant::max();
  int left_ = std::numeric_limits<int>::max();
  int generation_ = 0;
};

}  // namespace postrider::partners
