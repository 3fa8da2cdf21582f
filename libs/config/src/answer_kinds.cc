#include "answer_kinds.h"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include "delivery_kinds.h"
#include "headers.h"

namespace postrider {
namespace {

constexpr std::size_t kMostRules = 100;
constexpr std::size_t kLongestName = 1000;
constexpr std::string_view kStatus = "a status such as 404, 40x or 4xx";
constexpr std::string_view kForm =
    "{json, header or text: .., in: [..] or exists: .., is: ..} or {otherwise: ..}";
constexpr std::array<std::string_view, 8> kKeys{"status", "json",   "header", "text",
                                                "in",     "exists", "is",     "otherwise"};

/// RFC 6901; the empty one is the whole body.
bool IsJsonPointer(std::string_view text) {
  if (!text.empty() && text[0] != '/') return false;
  for (std::size_t at = 0; at < text.size(); ++at) {
    const bool escape = text[at] == '~';
    if (escape && (at + 1 == text.size() || (text[at + 1] != '0' && text[at + 1] != '1')))
      return false;
  }
  return text.size() <= kLongestName;
}

/// One rule as it is read: what its keys say, and what they say together.
class RuleReader {
 public:
  explicit RuleReader(const Value& map) : map_(map) {}

  std::optional<AnswerRule> Read() {
    if (!map_.IsMap()) {
      map_.Expect(kForm);
      return std::nullopt;
    }
    for (const Value& member : map_.Members()) ReadMember(member);
    CheckTogether();
    if (map_.reading().report.HasErrorAt(map_.path())) return std::nullopt;
    return std::move(rule_);
  }

 private:
  void ReadMember(const Value& member) {
    const std::string& key = member.key();
    if (key == "status") return ReadStatus(member);
    if (key == "json") return ReadJson(member);
    if (key == "header") return ReadPart(member, AnswerPart::kHeader, HeaderNameKind());
    if (key == "text") return ReadText(member);
    if (key == "in") return ReadValues(member);
    if (key == "exists") return ReadExists(member);
    if (key == "is" || key == "otherwise") return VerdictWordKind().Read(member, rule_.verdict);
    member.KeyError("found the unknown key " + Quoted(key) +
                    ", allowed: " + Join({kKeys.begin(), kKeys.end()}));
  }

  void ReadStatus(const Value& value) {
    const auto text = value.Text(kStatus);
    if (!text) return;
    if (!IsStatusPattern(*text)) return value.Expect(kStatus);
    rule_.status = *text;
  }

  void ReadJson(const Value& value) { ReadPart(value, AnswerPart::kJson, JsonPointerKind()); }

  void ReadText(const Value& value) {
    const auto is_good = [](std::string_view text) {
      return !text.empty() && text.size() <= kLongestName;
    };
    ReadPart(value, AnswerPart::kText, {is_good, "1 to 1000 bytes of text", ""});
  }

  void ReadPart(const Value& value, AnswerPart part, const TextKind& kind) {
    ++parts_;
    rule_.part = part;
    kind.Read(value, rule_.name);
  }

  void ReadValues(const Value& value) {
    if (!value.IsList() || value.Items().empty()) return value.Expect("a list of values");
    for (const Value& item : value.Items()) {
      if (auto text = item.Text("a text, a number, true or false")) rule_.values.push_back(*text);
    }
    rule_.test = AnswerTest::kIn;
  }

  void ReadExists(const Value& value) {
    bool exists = true;
    BooleanKind().Read(value, exists);
    if (map_.Find("in")) return value.Error("found beside in, allowed: one of the two");
    rule_.test = exists ? AnswerTest::kExists : AnswerTest::kMissing;
  }

  void CheckTogether() const {
    const bool otherwise = map_.Find("otherwise").has_value();
    if (parts_ + (otherwise ? 1 : 0) != 1) {
      return map_.Error("found " + std::to_string(parts_ + (otherwise ? 1 : 0)) +
                        " of json, header, text and otherwise, allowed: one, as in " +
                        std::string(kForm));
    }
    const bool has_test = map_.Find("in") || map_.Find("exists");
    if (otherwise) {
      if (has_test || map_.Find("is")) map_.Error("otherwise stands alone, or beside status");
      return;
    }
    if (!map_.Find("is"))
      map_.Error("found no verdict, allowed: is: " + VerdictWordKind().Allowed());
    if (rule_.part == AnswerPart::kText && rule_.test == AnswerTest::kIn) {
      map_.Error("found in beside text, allowed: {text: .., is: ..}, or with exists: false");
    } else if (rule_.part != AnswerPart::kText && !has_test) {
      map_.Error("found neither in nor exists, allowed: one of the two");
    }
  }

  const Value& map_;
  AnswerRule rule_;
  int parts_ = 0;
};

/// A rule behind one that always matches is never reached.
void RefuseUnreached(const Value& item, const AnswerRule& rule,
                     const std::vector<AnswerRule>& former) {
  const auto always = [&](const AnswerRule& before) {
    return before.part == AnswerPart::kOtherwise && before.status == rule.status;
  };
  if (std::none_of(former.begin(), former.end(), always)) return;
  item.Error("is never reached: an otherwise before it decides; put that one last");
}

std::string TestText(const AnswerRule& rule) {
  if (rule.test != AnswerTest::kIn) {
    return rule.test == AnswerTest::kExists ? ", exists: true" : ", exists: false";
  }
  std::vector<std::string> values;
  for (const auto& value : rule.values) values.push_back(YamlText(value));
  return ", in: [" + Join(values) + "]";
}

std::string RuleText(const AnswerRule& rule) {
  const std::string status = rule.status.empty() ? "" : "status: " + YamlText(rule.status) + ", ";
  const std::string verdict = VerdictWordKind().Show(rule.verdict).value_or("");
  if (rule.part == AnswerPart::kOtherwise) return "{" + status + "otherwise: " + verdict + "}";
  const char* const part = rule.part == AnswerPart::kJson     ? "json: "
                           : rule.part == AnswerPart::kHeader ? "header: "
                                                              : "text: ";
  return "{" + status + part + YamlText(rule.name) + TestText(rule) + ", is: " + verdict + "}";
}

}  // namespace

TextKind JsonPointerKind() {
  return {&IsJsonPointer, "a JSON pointer such as /result/code; \"\" is the whole body",
          "^(/.*)?$"};
}

ChoiceKind<VerdictKind> VerdictWordKind() {
  return {{{"delivered", VerdictKind::kDelivered},
           {"retry", VerdictKind::kRetry},
           {"hold", VerdictKind::kHold},
           {"dead", VerdictKind::kDead},
           {"unknown", VerdictKind::kUnknown}}};
}

void AnswerRulesKind::Read(const Value& value, std::vector<AnswerRule>& out) const {
  if (!value.IsList()) return value.Expect(Allowed());
  const auto items = value.Items();
  if (items.size() > kMostRules) {
    return value.Error("found " + std::to_string(items.size()) + " rules, allowed: at most 100");
  }
  std::vector<AnswerRule> rules;
  for (const Value& item : items) {
    auto rule = RuleReader(item).Read();
    if (!rule) continue;
    RefuseUnreached(item, *rule, rules);
    rules.push_back(std::move(*rule));
  }
  out = std::move(rules);
}

std::optional<std::string> AnswerRulesKind::Show(const std::vector<AnswerRule>& rules) const {
  std::vector<std::string> texts;
  for (const AnswerRule& rule : rules) texts.push_back(RuleText(rule));
  return "[" + Join(texts) + "]";
}

std::string AnswerRulesKind::Allowed() const { return "a list of rules: " + std::string(kForm); }

std::string AnswerRulesKind::Schema() const {
  return R"({"type": "array", "maxItems": 100, "items": {"$ref": "#/$defs/answer_rule"}})";
}

}  // namespace postrider
