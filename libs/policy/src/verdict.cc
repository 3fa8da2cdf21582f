#include "postrider/policy/verdict.h"

#include <stdexcept>
#include <string>
#include <utility>

#include "postrider/policy/delivery_control.h"

namespace postrider {
namespace {

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

int DigitsOf(std::string_view pattern) {
  if (pattern[1] == 'x') return 1;
  return pattern[2] == 'x' ? 2 : 3;
}

/// The gateways' answers that they got none from the application behind them.
bool IsUnknownStatus(int status) { return status == 502 || status == 504; }

bool IsStatus(int status) { return status >= 100 && status < 1000; }

/// What follows for the delivery when the verdict is not that it is delivered.
Verdict NotDelivered(VerdictKind kind, FailureClass failure) {
  return {.kind = kind == VerdictKind::kUnknown ? VerdictKind::kRetry : kind,
          .failure = failure,
          .charged = kind != VerdictKind::kHold,
          .unknown = kind == VerdictKind::kUnknown};
}

/// The statuses of a pattern.
struct StatusRange {
  std::size_t first = 0;
  std::size_t end = 0;
};

/// Throws std::invalid_argument when it is no pattern.
StatusRange RangeOf(const std::string& pattern) {
  if (!VerdictPolicy::IsStatusPattern(pattern)) {
    throw std::invalid_argument("not a status pattern such as 404, 40x or 4xx: '" + pattern + "'");
  }
  StatusRange range;
  std::size_t count = 1;
  for (const char c : pattern) {
    range.first = range.first * 10 + static_cast<std::size_t>(IsDigit(c) ? c - '0' : 0);
    if (!IsDigit(c)) count *= 10;
  }
  range.end = range.first + count;
  return range;
}

}  // namespace

VerdictPolicy::VerdictPolicy(const VerdictSettings& settings)
    : unreadable_(settings.unreadable),
      delivery_control_(settings.delivery_control),
      answers_(settings) {
  kind_of_status_.fill(VerdictKind::kRetry);
  std::array<int, kStatuses> exactness{};
  for (const StatusRule& rule : settings.rules) {
    const StatusRange range = RangeOf(rule.pattern);
    const int digits = DigitsOf(rule.pattern);
    for (std::size_t status = range.first; status < range.end; ++status) {
      if (exactness[status] >= digits) continue;
      exactness[status] = digits;
      kind_of_status_[status] = rule.verdict;
    }
  }
  for (const std::string& pattern : settings.gone) {
    const StatusRange range = RangeOf(pattern);
    for (std::size_t status = range.first; status < range.end; ++status) gone_[status] = true;
  }
}

bool VerdictPolicy::IsStatusPattern(std::string_view text) {
  if (text.size() != 3 || text[0] == '0' || !IsDigit(text[0])) return false;
  if (text[1] == 'x') return text[2] == 'x';
  return IsDigit(text[1]) && (text[2] == 'x' || IsDigit(text[2]));
}

Verdict VerdictPolicy::Judge(const HttpAnswer& answer) const {
  Verdict verdict = JudgeEvent(answer);
  // The head of an answer that was too large is whole.
  const bool heard = IsStatus(answer.status) &&
                     answer.failure.value_or(FailureClass::kTooLarge) == FailureClass::kTooLarge;
  if (!heard) return verdict;
  if (verdict.kind == VerdictKind::kDead && gone_[static_cast<std::size_t>(answer.status)]) {
    verdict.stop = StopSign::kGone;
  }
  if (!delivery_control_) return verdict;
  const DeliveryControl asked = ReadDeliveryControl(answer.headers);
  if (asked.disable) verdict.stop = StopSign::kDisable;
  if (asked.abort_message && verdict.kind == VerdictKind::kRetry) verdict.kind = VerdictKind::kDead;
  return verdict;
}

Verdict VerdictPolicy::JudgeEvent(const HttpAnswer& answer) const {
  if (answer.failure) return JudgeFailure(answer, *answer.failure);
  const Verdict by_status = JudgeStatus(answer.status);
  if (!IsStatus(answer.status)) return by_status;
  const auto decision = answers_.Decide(answer, KindOf(answer.status));
  if (!decision) return by_status;
  if (decision->kind == VerdictKind::kDelivered) return {.kind = decision->kind};
  FailureClass failure = by_status.failure.value_or(FailureClass::kAnswer);
  if (decision->unreadable) failure = FailureClass::kUnreadable;
  return NotDelivered(decision->kind, failure);
}

Verdict VerdictPolicy::JudgeFailure(const HttpAnswer& answer, FailureClass failure) const {
  if (IsStatus(answer.status) && !IsOurFault(failure)) {
    const bool delivered = KindOf(answer.status) == VerdictKind::kDelivered;
    if (!delivered && failure == FailureClass::kTooLarge) return JudgeStatus(answer.status);
    if (delivered && unreadable_ == VerdictKind::kDelivered) return {.kind = unreadable_};
    if (delivered && unreadable_ != VerdictKind::kUnknown) {
      return NotDelivered(unreadable_, failure);
    }
  }
  return {.kind = VerdictKind::kRetry,
          .failure = failure,
          .charged = !IsOurFault(failure),
          .unknown = answer.maybe_sent && !IsKnownNotSent(failure)};
}

VerdictKind VerdictPolicy::KindOf(int status) const {
  return kind_of_status_[static_cast<std::size_t>(status)];
}

Verdict VerdictPolicy::JudgeStatus(int status) const {
  if (!IsStatus(status)) {
    return {.kind = VerdictKind::kRetry, .failure = FailureClass::kProtocol, .unknown = true};
  }
  const VerdictKind kind = KindOf(status);
  if (kind == VerdictKind::kDelivered) return {.kind = kind};
  Verdict verdict = NotDelivered(kind, ClassOfStatus(status));
  if (kind == VerdictKind::kRetry) verdict.unknown = IsUnknownStatus(status);
  return verdict;
}

VerdictSettings VerificationRules(const VerifySettings& verify) {
  VerdictSettings rules;
  rules.gone.clear();
  rules.delivery_control = false;
  rules.rules = {{"401", VerdictKind::kHold}, {"403", VerdictKind::kHold}};
  for (const auto& [patterns, kind] : {std::pair(&verify.delivered, VerdictKind::kDelivered),
                                       std::pair(&verify.missing, VerdictKind::kDead)}) {
    for (const std::string& pattern : *patterns) {
      rules.rules.insert(rules.rules.begin(), {pattern, kind});
    }
  }
  return rules;
}

}  // namespace postrider
