#include "scalar_kinds.h"

#include <algorithm>

namespace postrider {
namespace {

// What an integer, say, may also be: a text with a variable in it.
std::string OrVariable(const std::string& schema) {
  return R"({"anyOf": [)" + schema + ", " + SchemaReference("variable") + "]}";
}

std::string Range(const std::string& least, const std::string& most) {
  return " from " + least + " to " + most;
}

}  // namespace

std::string SchemaReference(std::string_view name) {
  return R"({"$ref": "#/$defs/)" + std::string(name) + R"("})";
}

void IntegerKind::Read(const Value& value, int& out) const {
  const auto text = value.Text(Allowed());
  if (!text) return;
  const auto number = ParseInteger(*text);
  if (!number || *number < least || *number > most) return value.Expect(Allowed());
  out = static_cast<int>(*number);
}

std::string IntegerKind::Allowed() const {
  return "a whole number" + Range(std::to_string(least), std::to_string(most));
}

std::string IntegerKind::Schema() const {
  return OrVariable(R"({"type": "integer", "minimum": )" + std::to_string(least) +
                    R"(, "maximum": )" + std::to_string(most) + "}");
}

std::string DurationKind::Allowed() const {
  return "a duration (250ms, 5s, 15m, 12h, 3d)" +
         Range(DurationSettingText(least), DurationSettingText(most));
}

std::optional<milliseconds> DurationKind::Parse(const Value& value, milliseconds unit) const {
  const std::string allowed = unit > milliseconds(1) ? Allowed() + ", in whole seconds" : Allowed();
  const auto text = value.Text(allowed);
  if (!text) return std::nullopt;
  const auto duration = ParseDuration(*text);
  if (duration && *duration >= least && *duration <= most &&
      duration->count() % unit.count() == 0) {
    return duration;
  }
  value.Expect(allowed);
  return std::nullopt;
}

void SizeKind::Read(const Value& value, std::size_t& out) const {
  const auto text = value.Text(Allowed());
  if (!text) return;
  const auto bytes = ParseSize(*text);
  if (!bytes || *bytes < least || *bytes > most) return value.Expect(Allowed());
  out = *bytes;
}

std::string SizeKind::Allowed() const {
  return "a size (512B, 64KB, 256MB, 1GB)" + Range(SizeText(least), SizeText(most));
}

void DecimalKind::Read(const Value& value, double& out) const {
  const auto text = value.Text(Allowed());
  if (!text) return;
  const auto number = ParseDecimal(*text);
  if (!number || *number < least || *number > most) return value.Expect(Allowed());
  out = *number;
}

std::string DecimalKind::Allowed() const {
  return "a number" + Range(DecimalText(least), DecimalText(most));
}

std::string DecimalKind::Schema() const {
  return OrVariable(R"({"type": "number", "minimum": )" + DecimalText(least) + R"(, "maximum": )" +
                    DecimalText(most) + "}");
}

void PercentKind::Read(const Value& value, double& out) const {
  const auto text = value.Text(Allowed());
  if (!text) return;
  const bool percent = text->ends_with('%');
  const auto number =
      ParseDecimal(std::string_view(*text).substr(0, text->size() - (percent ? 1 : 0)));
  if (!percent || !number || *number < least || *number > 100) return value.Expect(Allowed());
  out = *number / 100;
}

std::string PercentKind::Allowed() const {
  return "a percentage" + Range(DecimalText(least) + "%", "100%");
}

void BooleanKind::Read(const Value& value, bool& out) const {
  const auto text = value.Text(Allowed());
  if (!text) return;
  const auto on = ParseBoolean(*text);
  if (!on) return value.Expect(Allowed());
  out = *on;
}

std::optional<std::size_t> ChoiceWords::Read(const Value& value) const {
  const auto text = value.Text(Allowed());
  if (!text) return std::nullopt;
  const auto word = std::find(words.begin(), words.end(), *text);
  if (word != words.end()) return static_cast<std::size_t>(word - words.begin());
  if (std::find(not_yet.begin(), not_yet.end(), *text) != not_yet.end()) {
    value.Error(Quoted(*text) + " is not supported yet, allowed: " + Allowed());
  } else {
    value.Expect(Allowed(), words);
  }
  return std::nullopt;
}

std::string ChoiceWords::Allowed() const { return Join(words); }

std::string ChoiceWords::Schema() const {
  std::string list;
  for (const auto& word : words) list += (list.empty() ? "" : ", ") + JsonText(word);
  return OrVariable(R"({"enum": [)" + list + "]}");
}

void TextKind::Read(const Value& value, std::string& out) const {
  auto text = value.Text(allowed);
  if (!text) return;
  if (!is_good(*text)) return value.Expect(allowed);
  out = std::move(*text);
}

std::optional<std::string> TextKind::Show(const std::string& text) const {
  if (text.empty()) return std::nullopt;
  return YamlText(text);
}

std::string TextKind::Schema() const {
  return OrVariable(R"({"type": "string", "pattern": )" + JsonText(pattern) + "}");
}

}  // namespace postrider
