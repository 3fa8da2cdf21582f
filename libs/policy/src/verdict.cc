#include "postrider/policy/verdict.h"

#include <stdexcept>
#include <string>

namespace postrider {
namespace {

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

int DigitsOf(std::string_view pattern) {
  if (pattern[1] == 'x') return 1;
  return pattern[2] == 'x' ? 2 : 3;
}

/// The gateways' answers that they got none from the application behind them.
bool IsUnknownStatus(int status) { return status == 502 || status == 504; }

Verdict JudgeFailure(const HttpAnswer& answer, FailureClass failure) {
  return {.kind = VerdictKind::kRetry,
          .failure = failure,
          .charged = !IsOurFault(failure),
          .unknown = answer.maybe_sent && !IsKnownNotSent(failure)};
}

}  // namespace

VerdictPolicy::VerdictPolicy(const VerdictSettings& settings) {
  kind_of_status_.fill(VerdictKind::kRetry);
  std::array<int, kStatuses> exactness{};
  for (const StatusRule& rule : settings.rules) {
    if (!IsStatusPattern(rule.pattern)) {
      throw std::invalid_argument("not a status pattern such as 404, 40x or 4xx: '" + rule.pattern +
                                  "'");
    }
    const int digits = DigitsOf(rule.pattern);
    std::size_t low = 0;
    std::size_t count = 1;
    for (const char c : rule.pattern) {
      low = low * 10 + static_cast<std::size_t>(IsDigit(c) ? c - '0' : 0);
      if (!IsDigit(c)) count *= 10;
    }
    for (std::size_t status = low; status < low + count; ++status) {
      if (exactness[status] >= digits) continue;
      exactness[status] = digits;
      kind_of_status_[status] = rule.verdict;
    }
  }
}

bool VerdictPolicy::IsStatusPattern(std::string_view text) {
  if (text.size() != 3 || text[0] == '0' || !IsDigit(text[0])) return false;
  if (text[1] == 'x') return text[2] == 'x';
  return IsDigit(text[1]) && (text[2] == 'x' || IsDigit(text[2]));
}

Verdict VerdictPolicy::Judge(const HttpAnswer& answer) const {
  if (!answer.failure) return JudgeStatus(answer.status);
  if (*answer.failure == FailureClass::kTooLarge && answer.status >= 100) {
    const Verdict by_status = JudgeStatus(answer.status);
    if (by_status.kind != VerdictKind::kDelivered) return by_status;
  }
  return JudgeFailure(answer, *answer.failure);
}

Verdict VerdictPolicy::JudgeStatus(int status) const {
  if (status < 100 || status >= static_cast<int>(kStatuses)) {
    return {.kind = VerdictKind::kRetry, .failure = FailureClass::kProtocol, .unknown = true};
  }
  const VerdictKind kind = kind_of_status_[static_cast<std::size_t>(status)];
  if (kind == VerdictKind::kDelivered) return {.kind = kind, .failure = std::nullopt};
  return {.kind = kind,
          .failure = ClassOfStatus(status),
          .charged = kind != VerdictKind::kHold,
          .unknown = kind == VerdictKind::kRetry && IsUnknownStatus(status)};
}

}  // namespace postrider
