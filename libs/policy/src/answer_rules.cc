#include "postrider/policy/answer_rules.h"

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <system_error>
#include <utility>

#include "postrider/policy/verdict.h"

namespace postrider {
namespace {

using nlohmann::json;

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
std::vector<std::string> StepsOf(std::string_view pointer) {
  std::vector<std::string> steps;
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

/// `0` or a number without a leading zero.
std::optional<std::size_t> ParseIndex(const std::string& step) {
  if (step.empty() || (step.size() > 1 && step[0] == '0')) return std::nullopt;
  std::size_t index = 0;
  const char* const end = step.data() + step.size();
  const auto [stop, error] = std::from_chars(step.data(), end, index);
  if (error != std::errc() || stop != end) return std::nullopt;
  return index;
}

/// nullptr when there is nothing.
const json* Find(const json& document, const std::vector<std::string>& steps) {
  const json* value = &document;
  for (const std::string& step : steps) {
    if (value->is_object()) {
      const auto found = value->find(step);
      if (found == value->end()) return nullptr;
      value = &*found;
    } else if (value->is_array()) {
      const auto index = ParseIndex(step);
      if (!index || *index >= value->size()) return nullptr;
      value = &(*value)[*index];
    } else {
      return nullptr;
    }
  }
  return value;
}

bool IsOneOf(const std::vector<std::string>& values, std::string_view text) {
  return std::find(values.begin(), values.end(), text) != values.end();
}

bool MatchesJson(const AnswerRule& rule, const json* value) {
  const bool there = value != nullptr && !value->is_null();
  if (rule.test != AnswerTest::kIn) return there == (rule.test == AnswerTest::kExists);
  if (!there || value->is_structured()) return false;
  if (value->is_string()) return IsOneOf(rule.values, value->get_ref<const std::string&>());
  return IsOneOf(rule.values, value->dump());
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

/// The body of an answer, parsed when the first rule asks for it.
class AnswerRules::Body {
 public:
  explicit Body(const std::string& text) : text_(text) {}

  /// nullptr when it is no JSON.
  const json* Json() {
    if (!parsed_) parsed_ = json::parse(text_, nullptr, false);
    return parsed_->is_discarded() ? nullptr : &*parsed_;
  }

 private:
  const std::string& text_;
  std::optional<json> parsed_;
};

AnswerRules::AnswerRules(const VerdictSettings& settings) : unreadable_(settings.unreadable) {
  for (const AnswerRule& setting : settings.answer) {
    Rule rule{setting, {}};
    if (!setting.status.empty() && !VerdictPolicy::IsStatusPattern(setting.status)) {
      throw std::invalid_argument("not a status pattern such as 404, 40x or 4xx: '" +
                                  setting.status + "'");
    }
    if (setting.part == AnswerPart::kJson) {
      if (!IsJsonPointer(setting.name)) {
        throw std::invalid_argument("not a JSON pointer such as /result/code: '" + setting.name +
                                    "'");
      }
      rule.steps = StepsOf(setting.name);
    }
    if (setting.part == AnswerPart::kHeader) rule.setting.name = LowerCase(setting.name);
    rules_.push_back(std::move(rule));
  }
}

std::optional<AnswerRules::Decision> AnswerRules::Decide(const HttpAnswer& answer,
                                                         VerdictKind by_status) const {
  Body body(answer.body);
  for (const Rule& rule : rules_) {
    if (!AppliesTo(rule, answer.status, by_status)) continue;
    if (rule.setting.part == AnswerPart::kJson && body.Json() == nullptr) {
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

bool AnswerRules::Matches(const Rule& rule, const HttpAnswer& answer, Body& body) {
  switch (rule.setting.part) {
    case AnswerPart::kJson:
      return MatchesJson(rule.setting, Find(*body.Json(), rule.steps));
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
