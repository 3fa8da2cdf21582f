#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <string_view>

#include "postrider/model/failure.h"
#include "postrider/model/http.h"
#include "postrider/model/settings.h"

namespace postrider {

/// What an answer means for the delivery.
struct Verdict {
  VerdictKind kind = VerdictKind::kRetry;
  /// Unset when delivered.
  std::optional<FailureClass> failure{};
  /// Whether the attempt counts against `retries.attempts`.
  bool charged = true;
  /// The partner may have acted on the request though no readable answer says so. Such a verdict is
  /// never kDead or kDelivered.
  bool unknown = false;

  friend bool operator==(const Verdict&, const Verdict&) = default;
};

/// Judges the answers of one destination by its rules. Immutable, so callable from any thread.
///
/// A failure of the network is tried again, and charged unless the fault is our own side's. A
/// status is judged by the most exact rule that matches; one without a rule is tried again. An
/// answer whose body was larger than allowed is judged by its status too, unless that would be
/// `delivered`: then the answer could not be read, and the outcome is unknown.
class VerdictPolicy {
 public:
  /// Of two equally exact rules the first one holds. Throws std::invalid_argument that quotes a
  /// pattern which is not a status pattern.
  explicit VerdictPolicy(const VerdictSettings& settings);

  Verdict Judge(const HttpAnswer& answer) const;

  /// Whether the text is `404`, `40x` or `4xx`, with a first digit from 1 to 9.
  static bool IsStatusPattern(std::string_view text);

 private:
  static constexpr std::size_t kStatuses = 1000;

  Verdict JudgeStatus(int status) const;

  std::array<VerdictKind, kStatuses> kind_of_status_{};
};

}  // namespace postrider
