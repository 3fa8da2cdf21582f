#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <string_view>

#include "postrider/model/failure.h"
#include "postrider/model/http.h"
#include "postrider/model/settings.h"
#include "postrider/policy/answer_rules.h"

namespace postrider {

/// By what a partner says that it wants no more events, beside what it says of the one that it was
/// sent: the whole destination has to stop.
enum class StopSign {
  kNone,
  kGone,     ///< a status of `verdict.gone`, such as 410
  kDisable,  ///< `webhook-delivery: disable`
};

/// What an answer means for the delivery.
struct Verdict {
  /// Never kUnknown: that is a kRetry with `unknown`.
  VerdictKind kind = VerdictKind::kRetry;
  /// Unset when delivered.
  std::optional<FailureClass> failure{};
  /// Whether the attempt counts against `retries.attempts`.
  bool charged = true;
  /// The partner may have acted on the request though no readable answer says so. Such a verdict is
  /// kRetry, or kDead when the partner asked not to be sent the event again.
  bool unknown = false;
  StopSign stop = StopSign::kNone;

  friend bool operator==(const Verdict&, const Verdict&) = default;
};

/// Judges the answers of one destination by its rules. Immutable, so callable from any thread.
///
/// A failure of the network is tried again, and charged unless the fault is our own side's. A
/// status is judged by the most exact rule that matches; one without a rule is tried again. Then
/// the rules on the answer have their say (answer_rules.h), and last the receiver by a header
/// (delivery_control.h): `abort-message` makes a verdict of kRetry one of kDead, `disable` adds a
/// sign to stop. Nothing is read out of an answer that broke off.
///
/// An answer whose body was larger than allowed is judged by its status alone. When the status of a
/// body that was too large or broke off would be `delivered`, the answer could not be read, and
/// `unreadable` decides.
class VerdictPolicy {
 public:
  /// Of two equally exact rules the first one holds. Throws std::invalid_argument that quotes a
  /// pattern which is not a status pattern, or a pointer which is no JSON pointer.
  explicit VerdictPolicy(const VerdictSettings& settings);

  Verdict Judge(const HttpAnswer& answer) const;

  /// Whether the text is `404`, `40x` or `4xx`, with a first digit from 1 to 9.
  static bool IsStatusPattern(std::string_view text);

 private:
  static constexpr std::size_t kStatuses = 1000;

  VerdictKind KindOf(int status) const;
  Verdict JudgeEvent(const HttpAnswer& answer) const;
  Verdict JudgeStatus(int status) const;
  Verdict JudgeFailure(const HttpAnswer& answer, FailureClass failure) const;

  std::array<VerdictKind, kStatuses> kind_of_status_{};
  std::array<bool, kStatuses> gone_{};
  VerdictKind unreadable_;
  bool delivery_control_;
  AnswerRules answers_;
};

/// The rules on a partner's answer to the question what became of an event: `delivered` when it has
/// it, `dead` when it has not, `hold` as for any request, and everything else says nothing.
VerdictSettings VerificationRules(const VerifySettings& verify);

}  // namespace postrider
