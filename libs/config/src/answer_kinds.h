#pragma once

#include <optional>
#include <string>
#include <vector>

#include "postrider/model/settings.h"
#include "scalar_kinds.h"

namespace postrider {

/// Where something stands in a JSON body (RFC 6901).
TextKind JsonPointerKind();

/// The words for verdicts on an answer.
ChoiceKind<VerdictKind> VerdictWordKind();

/// `verdict.answer`: rules in their order, each a map such as `{json: /code, in: [OK], is:
/// delivered}` or `{otherwise: dead}`. A list takes the place of the former one.
struct AnswerRulesKind {
  void Read(const Value& value, std::vector<AnswerRule>& out) const;
  std::optional<std::string> Show(const std::vector<AnswerRule>& rules) const;
  std::string Allowed() const;
  std::string Schema() const;
};

}  // namespace postrider
