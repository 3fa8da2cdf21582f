#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "postrider/model/http.h"
#include "postrider/model/settings.h"

namespace postrider {

/// The rules of a destination on what an answer holds (`verdict.answer`). Immutable, so callable
/// from any thread.
///
/// The first rule that matches decides. A rule applies to statuses that are `delivered`, or to
/// those that it names. A value in JSON is a string, or a number, true, false as JSON writes them:
/// `in: ["0"]` takes "0" and 0. null counts as not being there; objects and arrays are there, but
/// equal nothing. Of several headers of one name each may match.
///
/// An answer that is `delivered` by its status, and is empty or no JSON in UTF-8 where a rule that
/// is reached needs JSON, is unreadable. Under any other status such a rule just does not match.
class AnswerRules {
 public:
  struct Decision {
    VerdictKind kind = VerdictKind::kUnknown;
    bool unreadable = false;  ///< decided by `unreadable`, not by a rule

    friend bool operator==(const Decision&, const Decision&) = default;
  };

  /// Throws std::invalid_argument that quotes a pattern or pointer which is none.
  explicit AnswerRules(const VerdictSettings& settings);

  /// For an answer that was received whole. nullopt: no rule matches, the status has decided.
  /// @param by_status  the verdict on the status alone
  std::optional<Decision> Decide(const HttpAnswer& answer, VerdictKind by_status) const;

  /// Whether the text is a JSON pointer (RFC 6901), such as `/result/code` or `/items/0`; the empty
  /// one is the whole body.
  static bool IsJsonPointer(std::string_view text);

 private:
  struct Rule {
    AnswerRule setting;       ///< the name of a header in lower case
    std::size_t pointer = 0;  ///< of a JSON pointer: which of `pointers_`
  };
  class Body;

  static bool AppliesTo(const Rule& rule, int status, VerdictKind by_status);
  static bool Matches(const Rule& rule, const HttpAnswer& answer, const Body& body);

  std::vector<Rule> rules_;
  std::vector<std::vector<std::string>> pointers_;  ///< the steps of each
  VerdictKind unreadable_;
};

}  // namespace postrider
