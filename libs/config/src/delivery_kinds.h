#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "postrider/model/settings.h"
#include "scalar_kinds.h"

namespace postrider {

/// `404`, `40x`, `4xx`; the first digit from 1 to 9.
bool IsStatusPattern(std::string_view text);

/// @param pattern  a status pattern
bool StatusMatches(std::string_view pattern, int status);

/// What a status means by the rules on statuses alone.
VerdictKind MeaningOf(int status, const std::vector<StatusRule>& rules);

/// A list of status patterns.
struct StatusListKind {
  bool may_be_empty = false;

  void Read(const Value& value, std::vector<std::string>& out) const;
  std::optional<std::string> Show(const std::vector<std::string>& statuses) const;
  std::string Allowed() const;
  std::string Schema() const;
};

/// The statuses that mean one verdict. A list takes the place of the former one for its verdict;
/// a status that had another verdict loses it.
struct StatusesKind {
  VerdictKind verdict;

  void Read(const Value& value, VerdictSettings& out) const;
  std::optional<std::string> Show(const VerdictSettings& settings) const;
  std::string Allowed() const;
  std::string Schema() const;
};

/// A fixed list of waits.
struct ScheduleKind {
  void Read(const Value& value, RetrySettings& out) const;
  std::optional<std::string> Show(const RetrySettings& retries) const;
  std::string Allowed() const;
  std::string Schema() const;
};

}  // namespace postrider
