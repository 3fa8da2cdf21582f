#include "postrider/policy/answer_rules.h"

#include <algorithm>
#include <cstddef>
#include <stdexcept>
#include <utility>

#include "json_values.h"
#include "postrider/policy/verdict.h"

namespace postrider {
namespace {

bool MatchesStatus(std::string_view pattern, int status) {
  const std::string digits = std::to_string(status);
  return std::equal(pattern.begin(), pattern.end(), digits.begin(), digits.end(),
                    [](char p, char digit) { return p == 'x' || p == digit; });
}

std::string LowerCase(std::string text) {
  for (char& c : text) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return text;
}

/// The steps of a JSON pointer: what is between the slashes, with ~1 and ~0 replaced.
JsonSteps StepsOf(std::string_view pointer) {
  JsonSteps steps;
  for (std::size_t i = 0; i < pointer.size(); ++i) {
    if (pointer[i] == '/') {
      steps.emplace_back();
    } else if (pointer[i] == '~') {
      steps.back() += pointer[++i] == '1' ? '/' : '~';
    } else {
      steps.back() += pointer[i];
    }
  }
  return steps;
}

bool IsOneOf(const std::vector<std::string>& values, std::string_view text) {
  return std::find(values.begin(), values.end(), text) != values.end();
}

bool MatchesJson(const AnswerRule& rule, const JsonValue& value) {
  const bool there =
      value.kind != JsonValue::Kind::kNothing && value.kind != JsonValue::Kind::kNull;
  if (rule.test != AnswerTest::kIn) return there == (rule.test == AnswerTest::kExists);
  return value.kind == JsonValue::Kind::kScalar && IsOneOf(rule.values, value.text);
}

bool MatchesHeader(const AnswerRule& rule, const HttpHeaders& headers) {
  bool there = false;
  for (const auto& [name, value] : headers) {
    if (name != rule.name) continue;
    there = true;
    if (rule.test == AnswerTest::kIn && IsOneOf(rule.values, value)) return true;
  }
  return rule.test != AnswerTest::kIn && there == (rule.test == AnswerTest::kExists);
}

bool MatchesText(const AnswerRule& rule, std::string_view body) {
  const bool there = body.find(rule.name) != std::string_view::npos;
  return there != (rule.test == AnswerTest::kMissing);
}

}  // namespace

/// The body of an answer, read when the first rule asks for its values.
class AnswerRules::Body {
 public:
  Body(const std::string& text, const std::vector<std::vector<std::string>>& pointers)
      : text_(text), pointers_(pointers) {}

  bool IsJson() {
    if (!read_) values_ = ReadJsonValues(text_, pointers_);
    read_ = true;
    return values_.has_value();
  }

  /// When it is JSON.
  const JsonValue& At(std::size_t pointer) const { return (*values_)[pointer]; }

 private:
  const std::string& text_;
  const std::vector<std::vector<std::string>>& pointers_;
  bool read_ = false;
  std::optional<std::vector<JsonValue>> values_;
};

AnswerRules::AnswerRules(const VerdictSettings& settings) : unreadable_(settings.unreadable) {
  for (const AnswerRule& setting : settings.answer) {
    Rule rule{setting};
    if (!setting.status.empty() && !VerdictPolicy::IsStatusPattern(setting.status)) {
      throw std::invalid_argument("not a status pattern such as 404, 40x or 4xx: '" +
                                  setting.status + "'");
    }
    if (setting.part == AnswerPart::kJson) {
      if (!IsJsonPointer(setting.name)) {
        throw std::invalid_argument("not a JSON pointer such as /result/code: '" + setting.name +
                                    "'");
      }
      JsonSteps steps = StepsOf(setting.name);
      const auto known = std::find(pointers_.begin(), pointers_.end(), steps);
      rule.pointer = static_cast<std::size_t>(known - pointers_.begin());
      if (known == pointers_.end()) pointers_.push_back(std::move(steps));
    }
    if (setting.part == AnswerPart::kHeader) rule.setting.name = LowerCase(setting.name);
    rules_.push_back(std::move(rule));
  }
}

std::optional<AnswerRules::Decision> AnswerRules::Decide(const HttpAnswer& answer,
                                                         VerdictKind by_status) const {
  Body body(answer.body, pointers_);
  for (const Rule& rule : rules_) {
    if (!AppliesTo(rule, answer.status, by_status)) continue;
    if (rule.setting.part == AnswerPart::kJson && !body.IsJson()) {
      if (by_status != VerdictKind::kDelivered) continue;
      return Decision{unreadable_, true};
    }
    if (Matches(rule, answer, body)) return Decision{rule.setting.verdict, false};
  }
  return std::nullopt;
}

bool AnswerRules::AppliesTo(const Rule& rule, int status, VerdictKind by_status) {
  if (rule.setting.status.empty()) return by_status == VerdictKind::kDelivered;
  return MatchesStatus(rule.setting.status, status);
}

bool AnswerRules::Matches(const Rule& rule, const HttpAnswer& answer, const Body& body) {
  switch (rule.setting.part) {
    case AnswerPart::kJson:
      return MatchesJson(rule.setting, body.At(rule.pointer));
    case AnswerPart::kHeader:
      return MatchesHeader(rule.setting, answer.headers);
    case AnswerPart::kText:
      return MatchesText(rule.setting, answer.body);
    case AnswerPart::kOtherwise:
      return true;
  }
  return false;
}

bool AnswerRules::IsJsonPointer(std::string_view text) {
  if (!text.empty() && text[0] != '/') return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '~') continue;
    if (i + 1 == text.size() || (text[i + 1] != '0' && text[i + 1] != '1')) return false;
  }
  return true;
}

}  // namespace postrider
